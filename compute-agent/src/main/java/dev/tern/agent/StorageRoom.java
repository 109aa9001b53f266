package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whether storages that have a file system of their own have room for what is promised there. Those
 * on one file system share its room.
 */
final class StorageRoom {
  private final HostName host;
  private final Storages storages;
  private final HostFigures figures;
  private final AgentSettings settings;

  StorageRoom(HostName host, Storages storages, HostFigures figures, AgentSettings settings) {
    this.host = host;
    this.storages = storages;
    this.figures = figures;
    this.settings = settings;
  }

  /** Bytes that a file or a directory takes. */
  @FunctionalInterface
  interface Written {
    long bytes(Path place) throws VirtException;
  }

  /**
   * @param others who have promises already; the caller lets nobody change them meanwhile
   * @throws ComputeException DESTINATION_LACKS_DISK naming storages, bytes, and who has them
   */
  void require(Reservation wanted, Collection<Reservation> others, Written written)
      throws IOException, VirtException {
    List<String> left = new ArrayList<>(new TreeSet<>(wanted.storages().keySet()));
    while (!left.isEmpty()) {
      Path directory = storages.root(left.getFirst());
      Set<String> together = sharing(directory);
      left.removeAll(together);
      require(wanted, others, written, directory, together);
    }
  }

  private Set<String> sharing(Path directory) throws IOException {
    Object fileSystem = figures.fileSystemOf(directory);
    Set<String> names = new TreeSet<>();
    for (String name : storages.names()) {
      if (figures.fileSystemOf(storages.root(name)).equals(fileSystem)) {
        names.add(name);
      }
    }
    return names;
  }

  private void require(
      Reservation wanted,
      Collection<Reservation> others,
      Written written,
      Path directory,
      Set<String> together)
      throws IOException, VirtException {
    Map<Reservation, Long> promised = new LinkedHashMap<>();
    for (Reservation other : others) {
      promised.put(other, unwritten(other, together, written));
    }
    long needed = unwritten(wanted, together, written);
    long free = figures.freeBytes(directory) - settings.diskReserve().toBytes();
    long available =
        Math.max(0, free - promised.values().stream().mapToLong(Long::longValue).sum());
    if (needed > available) {
      throw new ComputeException(
          ErrorCode.DESTINATION_LACKS_DISK,
          "Disk of instance is too large (available in storage '%s' of destination host %s: %d < need: %d bytes)%s."
              .formatted(
                  String.join("', '", together),
                  host,
                  available,
                  needed,
                  Reservation.promisedTo(promised)),
          null);
    }
  }

  private long unwritten(Reservation one, Set<String> together, Written written)
      throws VirtException {
    long bytes = 0;
    for (String storage : together) {
      long promised = one.storages().getOrDefault(storage, 0L);
      if (promised > 0) {
        bytes += Math.max(0, promised - written.bytes(place(one.server(), storage)));
      }
    }
    return bytes;
  }

  private Path place(ServerId server, String storage) {
    return storages.root(storage).resolve(server.toString());
  }
}
