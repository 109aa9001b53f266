package dev.tern.agent;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.KeyOffer;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.StreamKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This host's halves of the keys of migrations under way: X25519, made for one epoch of one server,
 * kept in a file of the agent's user alone, so that an agent that was killed goes on, and gone with
 * the migration.
 *
 * <pre>
 *   (nothing) ── half made ── other half known ── {@link #end}
 * </pre>
 */
final class StreamKeys {
  private static final Logger log = LoggerFactory.getLogger(StreamKeys.class);
  private static final String UNKNOWN = "-";

  /** Of a file whose writing was cut off. */
  private static final String HALF = ".new";

  private final Path directory;
  private final SecureRandom random;
  private final boolean insecure;

  /** Guards the files in {@link #directory}. */
  private final ReentrantLock keeping = new ReentrantLock();

  /**
   * The keys in a directory.
   *
   * @param insecure this host sends and receives in plaintext, so there are no keys
   */
  StreamKeys(Path directory, SecureRandom random, boolean insecure) {
    this.directory = directory;
    this.random = random;
    this.insecure = insecure;
  }

  /** In base 64: the own pair, and the other host's public half once it is known. */
  private record Kept(String secretHalf, String publicHalf, Optional<String> peer) {
    @Override
    public String toString() {
      return "Kept[]";
    }
  }

  /**
   * Makes this host's half for the header's epoch, or finds it, and takes note of the other's.
   *
   * @throws ComputeException when another half was agreed on before
   */
  KeyOffer agree(Header header, Optional<String> peer) throws IOException {
    if (insecure) {
      return new KeyOffer(Optional.empty());
    }
    keeping.lock();
    try {
      endWhere((server, epoch) -> server.equals(header.server()) && epoch < header.epoch());
      Optional<Kept> before = read(header);
      Kept kept = before.orElseGet(this::made);
      if (peer.isPresent() && kept.peer().isPresent() && !kept.peer().equals(peer)) {
        throw new ComputeException(
            ErrorCode.INSTANCE_INVALID_STATE,
            "Another key was agreed on for this migration of server %s.".formatted(header.server()),
            null);
      }
      Kept now = new Kept(kept.secretHalf(), kept.publicHalf(), kept.peer().or(() -> peer));
      if (now.peer().isPresent()) {
        var _ = agreed(header, now); // a half that cannot be used is refused before it is kept
      }
      if (!Optional.of(now).equals(before)) {
        write(header, now);
      }
      return new KeyOffer(Optional.of(now.publicHalf()));
    } finally {
      keeping.unlock();
    }
  }

  /**
   * The key of a migration's streams; empty where they are plaintext.
   *
   * @throws ComputeException when none was agreed on, or it has ended with its migration
   */
  Optional<StreamKey> stream(Header header) throws IOException {
    return insecure
        ? Optional.empty()
        : Optional.of(
            agreed(header)
                .orElseThrow(() ->
                    new ComputeException(
                        ErrorCode.INSTANCE_INVALID_STATE,
                        "No key is agreed on for this migration of server %s."
                            .formatted(header.server()),
                        null))
                .stream());
  }

  /** What both hosts know; empty before they do, and when the migration is over. */
  Optional<AgreedKey> agreed(Header header) throws IOException {
    keeping.lock();
    try {
      Optional<Kept> kept = read(header);
      return kept.filter(k -> k.peer().isPresent()).map(k -> agreed(header, k));
    } finally {
      keeping.unlock();
    }
  }

  /**
   * Whether the migration of that epoch needs no key any more: its guest arrived, came home, was
   * sent, died, or moves again.
   */
  static boolean over(Standing standing, long epoch) {
    boolean ended =
        switch (standing.place()) {
          case RETIRED, DEAD -> standing.epoch() == epoch;
          case HANDED_OVER -> standing.went().epoch() == epoch && standing.went().sent();
          case RUNNING ->
              standing.went().returned() == epoch
                  || (standing.came().epoch() == epoch && standing.came().resumed());
          // Its QEMU died here: as the one that was to leave, or as the one that had arrived.
          // One that was stopped before leaves without its guest.
          case STOPPED, SUSPENDED -> standing.epoch() == epoch;
          case NOTHING, DEFINED, RECEIVING, INCOMING -> false;
        };
    return ended || standing.highestEpoch() > epoch;
  }

  /** Ends a server's keys once the arrival that is being watched has come. */
  void endAtArrival(Instance instance) {
    instance
        .arrival()
        .ifPresent(arrival -> {
          var _ =
              arrival.thenAccept(told -> {
                if (told instanceof Arrival.Running || arrived(instance)) {
                  endQuietly(instance.server());
                }
              });
        });
  }

  /** Its QEMU may have died just when it was let run; nothing comes over the streams any more. */
  private static boolean arrived(Instance instance) {
    try {
      Standing standing = instance.standing();
      return GuestLife.livesHere(standing.place()) && standing.came().epoch() == standing.epoch();
    } catch (IOException | RuntimeException e) {
      log.atWarn()
          .addKeyValue("server", instance.server())
          .setCause(e)
          .log("it is not known whether a guest arrived; its key stays");
      return false;
    }
  }

  private void endQuietly(ServerId server) {
    try {
      end(server);
    } catch (IOException e) {
      log.atWarn().addKeyValue("server", server).setCause(e).log("a key's file is left");
    }
  }

  /** Ends all keys of a server. Harmless when there are none. */
  void end(ServerId server) throws IOException {
    endWhere((of, _) -> of.equals(server));
  }

  /** Ends the key of one migration. Harmless when there is none. */
  void end(Header header) throws IOException {
    endWhere((of, epoch) -> of.equals(header.server()) && epoch == header.epoch());
  }

  /** Ends the keys of those migrations. */
  void endWhere(BiPredicate<ServerId, Long> over) throws IOException {
    keeping.lock();
    try {
      for (Path file : files()) {
        String name = file.getFileName().toString();
        if (!StockFiles.isEpochs(name)) {
          continue; // not ours
        }
        if (name.endsWith(HALF)) {
          Files.deleteIfExists(file);
          continue;
        }
        int hyphen = name.lastIndexOf('-');
        if (over.test(
            ServerId.parse(name.substring(0, hyphen)),
            Long.parseLong(name.substring(hyphen + 1)))) {
          Files.deleteIfExists(file);
        }
      }
    } finally {
      keeping.unlock();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return new ArrayList<>(all.toList());
    }
  }

  private Kept made() {
    KeyHalf half = KeyHalf.made(random);
    return new Kept(half.secretHalf(), half.publicHalf(), Optional.empty());
  }

  private static AgreedKey agreed(Header header, Kept kept) {
    return new KeyHalf(kept.secretHalf(), kept.publicHalf())
        .with(kept.peer().orElseThrow(), identity(header));
  }

  static String identity(Header header) {
    return header.migration().map(Object::toString).orElse(header.server().toString())
        + "-"
        + header.epoch();
  }

  private Path file(Header header) {
    return directory.resolve(header.server() + "-" + header.epoch());
  }

  private Optional<Kept> read(Header header) throws IOException {
    Path file = file(header);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    String[] parts = Files.readString(file, US_ASCII).strip().split(" ");
    if (parts.length != 3) {
      throw new IOException("%s is damaged".formatted(file));
    }
    return Optional.of(
        new Kept(
            parts[0],
            parts[1],
            parts[2].equals(UNKNOWN) ? Optional.empty() : Optional.of(parts[2])));
  }

  private void write(Header header, Kept kept) throws IOException {
    String line =
        kept.secretHalf() + " " + kept.publicHalf() + " " + kept.peer().orElse(UNKNOWN) + "\n";
    Durable.write(file(header), line.getBytes(US_ASCII));
  }
}
