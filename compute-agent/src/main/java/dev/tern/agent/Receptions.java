package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.virt.LayerTransfer;
import dev.tern.virt.LayerTransfer.Endpoint;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Layers that are on their way here from the hosts of servers that come: {@code receiving/SERVER}.
 * A layer becomes one, in {@code _base}, when all of it is on the disk and has the digest it is
 * named by; until then it is a part that nobody opens. What receives outlives the agent.
 */
final class Receptions {
  private static final Logger log = LoggerFactory.getLogger(Receptions.class);
  private static final String RECORD = "reception.json";
  private static final int SECTOR = 512;
  private static final int PORT_TRIES = 4;
  private static final JsonMapper JSON = new JsonMapper();

  private final Path receiving;
  private final LayerTransfer transfer;
  private final LayerProofs proofs;
  private final LayerClaims claims;
  private final Listener listener;

  /** Where to listen, and names nobody can guess. */
  record Listener(
      String address, Ports ports, StreamKeys keys, Supplier<UUID> ids, Receipts receipts) {}

  /**
   * @param layers bytes of each file that is to come, by digest
   */
  private record Reception(
      long epoch, String address, int port, Map<String, String> exports, Map<String, Long> layers) {
    LayersWanted wanted() {
      return new LayersWanted(address, port, exports);
    }
  }

  Receptions(
      Path receiving,
      LayerTransfer transfer,
      LayerProofs proofs,
      LayerClaims claims,
      Listener listener) {
    this.receiving = receiving;
    this.transfer = transfer;
    this.proofs = proofs;
    this.claims = claims;
    this.listener = listener;
  }

  private Path directory(ServerId server) {
    return receiving.resolve(server.toString());
  }

  /** What is open for the server in this epoch; whatever else is there is dropped. */
  Optional<LayersWanted> open(Header header) throws IOException, VirtException {
    Optional<Reception> there = read(directory(header.server()));
    if (there.isPresent()
        && there.get().epoch() == header.epoch()
        && transfer.isOpen(directory(header.server()))) {
      return there.map(Reception::wanted);
    }
    clear(header.server());
    return Optional.empty();
  }

  /** Lets the source write these layers, which the caller has claimed, or other files. */
  LayersWanted open(Header header, Map<String, Long> layers) throws IOException, VirtException {
    Path directory = directory(header.server());
    Durable.directory(directory);
    Map<String, String> exports = new HashMap<>();
    for (Map.Entry<String, Long> layer : layers.entrySet()) {
      exports.put(layer.getKey(), listener.ids().get().toString());
      Path partial = Files.createFile(directory.resolve(layer.getKey()), Durable.FILE_OF_OWNER);
      try (RandomAccessFile hole = new RandomAccessFile(partial.toFile(), "rw")) {
        // QEMU's tools know whole sectors only; what is too much is cut off at the end.
        hole.setLength(Math.ceilDiv(layer.getValue(), SECTOR) * SECTOR);
      }
    }
    for (int tried = 1; ; tried++) {
      try (Ports.Pair ports = listener.ports().take()) {
        Reception reception =
            new Reception(
                header.epoch(),
                listener.address(),
                ports.nbd(),
                Map.copyOf(exports),
                Map.copyOf(layers));
        listener
            .receipts()
            .intend(header, List.of(ReceiptLook.port(ports.nbd(), LedgerEntry.Place.RECEIVER)));
        Durable.write(directory.resolve(RECORD), JSON.writeValueAsBytes(reception));
        transfer.open(
            directory,
            new Endpoint(reception.address(), reception.port()),
            exports,
            listener.keys().stream(header));
        log.atInfo()
            .addKeyValue("server", header.server())
            .addKeyValue("layers", layers.keySet())
            .addKeyValue("port", reception.port())
            .log("layers are waited for");
        return reception.wanted();
      } catch (VirtException e) {
        // Between trying a port and the tool's binding it another process may have taken it.
        if (tried == PORT_TRIES || e.kind() != VirtException.Kind.REFUSED) {
          throw e;
        }
      }
    }
  }

  /**
   * Makes layers of what has come. Nothing is left of it when any of it is wrong.
   *
   * @throws ComputeException IMAGE_UNACCEPTABLE, with what came instead
   */
  void keep(Header header) throws IOException, VirtException, InterruptedException {
    Path directory = directory(header.server());
    Optional<Reception> there = read(directory);
    if (there.isEmpty() || there.get().epoch() != header.epoch()) {
      return; // Kept already, or nothing had to come: who uses the layers looks for them.
    }
    transfer.close(directory);
    try {
      for (Map.Entry<String, Long> layer : there.get().layers().entrySet()) {
        keep(directory.resolve(layer.getKey()), layer.getKey(), layer.getValue());
      }
    } finally {
      clear(header.server());
    }
  }

  /**
   * Ends the receiving, and tells the files that came, whole and on the disk, by the names they
   * were opened with; what they hold the caller looks at. Fewer than were opened when this was
   * asked before.
   */
  Map<String, Path> take(Header header) throws IOException, VirtException {
    Path directory = directory(header.server());
    Optional<Reception> there = read(directory);
    if (there.isEmpty() || there.get().epoch() != header.epoch()) {
      return Map.of();
    }
    transfer.close(directory);
    Map<String, Path> came = new HashMap<>();
    for (Map.Entry<String, Long> each : there.get().layers().entrySet()) {
      Path partial = directory.resolve(each.getKey());
      if (Files.exists(partial, LinkOption.NOFOLLOW_LINKS)) {
        truncate(partial, each.getValue());
        came.put(each.getKey(), partial);
      }
    }
    return came;
  }

  private static void truncate(Path partial, long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(partial.toFile(), "rw")) {
      file.setLength(bytes);
      file.getChannel().force(true);
    }
  }

  private void keep(Path partial, String sha256, long bytes)
      throws IOException, InterruptedException {
    if (!Files.exists(partial, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    truncate(partial, bytes);
    String came = LayerProofs.digest(partial);
    if (!came.equals(sha256)) {
      throw new ComputeException(
          ErrorCode.IMAGE_UNACCEPTABLE,
          "Layer %s came from the source with sha256 %s instead: it is not used."
              .formatted(sha256, came),
          null);
    }
    Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("r--------"));
    proofs.accept(partial, sha256);
    log.atInfo().addKeyValue("layer", sha256).addKeyValue("bytes", bytes).log("layer received");
  }

  /** Ends what is received for the server in this epoch or before. Harmless when nothing is. */
  void drop(ServerId server, long epoch) throws IOException, VirtException {
    Optional<Reception> there = read(directory(server));
    if (there.isEmpty() || there.get().epoch() <= epoch) {
      clear(server);
    }
  }

  private void clear(ServerId server) throws IOException, VirtException {
    Path directory = directory(server);
    if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      transfer.close(directory);
      Durable.removeTree(directory);
    }
    claims.releaseAll(server);
  }

  /** After a restart: goes on with what still receives, and removes what has ended. */
  void takeUp() throws IOException {
    try (Stream<Path> all = Files.list(receiving)) {
      for (Path directory : (Iterable<Path>) all::iterator) {
        try {
          ServerId server = ServerId.parse(directory.getFileName().toString());
          Optional<Reception> there = read(directory);
          if (there.isPresent() && transfer.isOpen(directory)) {
            there.get().layers().keySet().stream()
                .filter(Recipes::isDigest)
                .forEach(layer -> claims.restore(layer, server));
          } else {
            clear(server);
          }
        } catch (IllegalArgumentException | VirtException e) {
          log.atError()
              .addKeyValue("directory", directory.getFileName())
              .setCause(e)
              .log("what was being received could not be taken up");
        }
      }
    }
  }

  private static Optional<Reception> read(Path directory) throws IOException {
    Path record = directory.resolve(RECORD);
    if (!Files.isRegularFile(record, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(record), Reception.class));
    } catch (JacksonException e) {
      throw new IOException("%s cannot be read".formatted(record), e);
    }
  }
}
