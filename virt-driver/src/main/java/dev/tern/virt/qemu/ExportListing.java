package dev.tern.virt.qemu;

import dev.tern.virt.Guest.ExportState;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.TcpSockets;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.disk.Tool;
import dev.tern.virt.qmp.Commands;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The exports of a guest that waits for its disks, as an NBD client is told of them: {@code
 * qemu-nbd} connects like any other, with the key if there is one. QEMU's monitor knows neither
 * flags nor metadata contexts.
 */
final class ExportListing {
  private final Session session;
  private final EndpointsFile opened;
  private final StreamCredentials credentials;

  ExportListing(Session session, Path instance, StreamCredentials credentials) {
    this.session = session;
    this.opened = new EndpointsFile(instance);
    this.credentials = credentials;
  }

  List<ExportState> look() throws VirtException {
    Optional<IncomingEndpoints> there = opened.read();
    if (there.isEmpty() || session.call(new Commands.QueryBlockExports()).isEmpty()) {
      return List.of();
    }
    IncomingEndpoints endpoints = there.get();
    List<String> credentials = this.credentials.asClientOptions();
    List<String> line = new ArrayList<>();
    // Of one package with the image tool, and so beside it.
    line.add(Path.of(session.settings().qemuImg()).resolveSibling("qemu-nbd").toString());
    line.addAll(List.of("--list", "--bind", endpoints.address()));
    line.addAll(List.of("--port", Integer.toString(endpoints.nbdPort())));
    line.addAll(credentials);
    String said =
        Tool.run(line, session.settings().runtime(), session.settings().deadlines().query());
    int clients = clients(endpoints.address(), endpoints.nbdPort());
    List<ExportState> found = new ArrayList<>();
    for (NbdList.Listed listed : NbdList.read(said)) {
      endpoints.exportNames().entrySet().stream()
          .filter(disk -> disk.getValue().equals(listed.name()))
          .map(Map.Entry::getKey)
          .map(disk ->
              new ExportState(
                  disk,
                  listed.name(),
                  endpoints.address(),
                  endpoints.nbdPort(),
                  !credentials.isEmpty(),
                  listed.sizeBytes(),
                  listed.flags(),
                  listed.contexts(),
                  clients))
          .forEach(found::add);
    }
    return found;
  }

  /** Where the guest was told to listen; it may have stopped since. */
  Optional<IncomingEndpoints> endpoints() throws VirtException {
    return opened.read();
  }

  /** See {@link dev.tern.virt.Guest#migrationObjects}. */
  MigrationObjects objects() throws VirtException {
    return new MigrationObjects(
        session.call(new Commands.QueryBlockExports()).stream()
            .map(Commands.Export::id)
            .collect(Collectors.toSet()),
        session.call(new Commands.QueryNamedBlockNodes(true)).stream()
            .map(Commands.NodeState::nodeName)
            .collect(Collectors.toSet()),
        credentials.names(),
        ports());
  }

  private Set<Integer> ports() throws VirtException {
    Optional<IncomingEndpoints> there = opened.read();
    if (there.isEmpty()) {
      return Set.of();
    }
    try {
      return TcpSockets.of(InetAddress.getByName(there.get().address()))
          .listeningOf(session.process().pid());
    } catch (IOException e) {
      throw new VirtException(
          session.process().alive() ? Kind.NO_ANSWER : Kind.GONE,
          "The ports that QEMU listens on cannot be looked at.",
          e);
    }
  }

  private static int clients(String address, int port) throws VirtException {
    try {
      return TcpSockets.of(InetAddress.getByName(address)).connections(port);
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED, "The connections of port %d cannot be counted.".formatted(port), e);
    }
  }
}
