package dev.tern.agent;

import dev.tern.virt.DiskImages;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes from {@code _base} what nobody has used for long: since when is in {@code unused}, a file
 * for each, so that a restarted agent goes on counting. Files that were moved aside, and parts that
 * nobody completes, go likewise.
 *
 * <pre>
 *   used ── found unused ── for {@code tern.agent.unused-base-age} ── removed
 *     └───────── used again ─────────┘
 * </pre>
 */
final class BaseHousekeeping {
  private static final Logger log = LoggerFactory.getLogger(BaseHousekeeping.class);
  private static final Pattern NAME =
      Pattern.compile("(?<sha256>[0-9a-f]{64})(?<ending>\\.wrong|\\.half|\\.fetching)?");

  private final HostDirectories directories;
  private final BaseUses uses;
  private final Reservations reservations;
  private final BasePins pins;
  private final DiskImages images;
  private final Rules rules;

  /**
   * @param age how long what nobody uses stays; 0 is for ever
   */
  record Rules(Duration age, Clock clock) {}

  /** What the files in {@code _base} take of this host's disk. */
  record Kept(long usedBytes, long unusedBytes, long wrongBytes) {}

  BaseHousekeeping(
      HostDirectories directories,
      BaseUses uses,
      Reservations reservations,
      BasePins pins,
      DiskImages images,
      Rules rules) {
    this.directories = directories;
    this.uses = uses;
    this.reservations = reservations;
    this.pins = pins;
    this.images = images;
    this.rules = rules;
  }

  /** A file in {@code _base}, by what its name says it is. */
  private record Found(Path file, String sha256, String ending) {
    boolean layer() {
      return ending.isEmpty();
    }

    boolean wrong() {
      return ending.equals(LayerProofs.WRONG);
    }
  }

  /**
   * Looks at each file once, and removes what has been unused for long.
   *
   * @return what is left
   * @throws IOException when it cannot be known what is in use; then nothing was removed
   */
  Kept round() throws IOException, VirtException {
    // Nobody reserves, pins or lets go meanwhile: who needs a file says so before looking for it,
    // and lets go only when a recipe names it.
    Set<String> used =
        reservations.whileNobodyReserves(
            reserved -> pins.whileNobodyPins(pinned -> removeUnused(reserved, pinned)));
    return kept(used);
  }

  private Set<String> removeUnused(Set<String> reserved, Set<String> pinned) throws IOException {
    Set<String> used = uses.all();
    used.addAll(reserved);
    used.addAll(pinned);
    boolean removed = false;
    for (Found found : found()) {
      if (isUsed(found, used)) {
        Files.deleteIfExists(mark(found));
      } else if (isOld(found)) {
        remove(found);
        removed = true;
      }
    }
    if (removed) {
      Durable.syncDirectory(directories.bases());
    }
    forgetGone(directories.unused());
    forgetGone(directories.proofs());
    return used;
  }

  /** One that was moved aside may be all there is of a layer, until another one has come. */
  private boolean isUsed(Found found, Set<String> used) {
    return used.contains(found.sha256())
        && !(found.wrong()
            && Files.exists(
                directories.bases().resolve(found.sha256()), LinkOption.NOFOLLOW_LINKS));
  }

  private boolean isOld(Found found) throws IOException {
    Instant now = rules.clock().instant();
    Optional<Instant> since = since(found);
    if (since.isEmpty() || since.get().isAfter(now)) { // a clock that was set back begins anew
      Durable.note(mark(found), now.toString().getBytes(StandardCharsets.US_ASCII));
      return false;
    }
    return !rules.age().isZero() && !since.get().plus(rules.age()).isAfter(now);
  }

  private Optional<Instant> since(Found found) throws IOException {
    try {
      byte[] said = Files.readAllBytes(mark(found));
      return Optional.of(Instant.parse(new String(said, StandardCharsets.US_ASCII).strip()));
    } catch (NoSuchFileException | DateTimeException _) {
      return Optional.empty(); // Not marked yet, or a mark that was cut off.
    }
  }

  private Path mark(Found found) {
    return directories.unused().resolve(found.file().getFileName());
  }

  /** The file first: a mark or a proof without one is forgotten by the next round. */
  private void remove(Found found) throws IOException {
    long bytes = Files.size(found.file());
    Optional<Instant> since = since(found);
    Files.delete(found.file());
    if (found.layer()) {
      Files.deleteIfExists(directories.proofs().resolve(found.sha256()));
    }
    Files.deleteIfExists(mark(found));
    log.atInfo()
        .addKeyValue("layer", found.file().getFileName())
        .addKeyValue("bytes", bytes)
        .addKeyValue("since", since.map(Instant::toString).orElse("-"))
        .addKeyValue("reason", "unused for " + rules.age())
        .log("a base was removed");
  }

  private void forgetGone(Path directory) throws IOException {
    for (Path of : list(directory)) {
      Path file = directories.bases().resolve(of.getFileName());
      if (NAME.matcher(of.getFileName().toString()).matches()
          && !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        Files.deleteIfExists(of);
      }
    }
  }

  /** What has another name is none of ours, and left alone. */
  private List<Found> found() throws IOException {
    return list(directories.bases()).stream()
        .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
        .flatMap(file -> {
          Matcher name = NAME.matcher(file.getFileName().toString());
          return name.matches()
              ? Stream.of(
                  new Found(
                      file,
                      name.group("sha256"),
                      Optional.ofNullable(name.group("ending")).orElse("")))
              : Stream.empty();
        })
        .toList();
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.sorted().toList();
    }
  }

  private Kept kept(Set<String> used) throws IOException, VirtException {
    long usedBytes = 0;
    long unusedBytes = 0;
    long wrongBytes = 0;
    for (Found found : found()) {
      long bytes = bytes(found.file());
      if (found.wrong()) {
        wrongBytes += bytes;
      } else if (used.contains(found.sha256())) {
        usedBytes += bytes;
      } else {
        unusedBytes += bytes;
      }
    }
    return new Kept(usedBytes, unusedBytes, wrongBytes);
  }

  private long bytes(Path file) throws VirtException {
    try {
      return images.allocatedBytes(file);
    } catch (VirtException e) {
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
      return 0; // A part that was completed meanwhile.
    }
  }
}
