package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How fast migrations go from one host, to another where that is known, and on what that rests. The
 * fewer there were and the further from here, the further apart are slowest and fastest: {@value
 * #SOME} times as far with fewer than {@value #ENOUGH}, or when they left other hosts; {@value
 * #NONE} times when there was none and a setting is all there is.
 *
 * @param slow bytes a second, while data moves
 * @param aside from the request until data moves
 * @param pause of the guest, as a rule
 * @param basis where this comes from, in words
 * @param measured whether anything was
 */
public record Link(
    double slow,
    double usual,
    double fast,
    Duration aside,
    Optional<Duration> pause,
    String basis,
    boolean measured) {
  /** So many of the same two hosts are enough to leave out the others. */
  private static final int ENOUGH = 3;

  private static final int SOME = 2;
  private static final int NONE = 4;

  /**
   * How many of the latest count, and among how many those of the same two hosts are looked for.
   */
  private static final int PAST = 10;

  private static final int LOOKED_AT = 30;
  private static final double NANOS = 1e9;

  /**
   * What one migration before it says.
   *
   * @param bytes as they would have been foreseen, or as they were sent where that is more: pages
   *     that are all zero are to be looked at and not to be sent
   * @param aside in which no data moved
   * @param moving in which it did
   */
  public record Moved(long bytes, Duration aside, Duration moving, Optional<Duration> pause) {}

  /**
   * As the store knows it.
   *
   * @param destination empty when there are several
   * @param assumed bytes a second, while nothing was measured anywhere
   */
  public static Link between(
      MigrationStore migrations, HostName source, Optional<HostName> destination, long assumed) {
    List<MigrationRecord> left = completed(migrations, Optional.of(source), LOOKED_AT);
    List<Moved> alike =
        moved(
            left.stream()
                .filter(one -> destination.isPresent() && one.destination().equals(destination))
                .toList());
    if (alike.size() >= ENOUGH) {
      return of(alike, "from %s to %s".formatted(source, destination.orElseThrow()), 1);
    }
    List<Moved> fromHere = moved(left);
    if (!fromHere.isEmpty()) {
      return of(fromHere, "from %s".formatted(source), fromHere.size() < ENOUGH ? SOME : 1);
    }
    List<Moved> anywhere = moved(completed(migrations, Optional.empty(), PAST));
    return anywhere.isEmpty()
        ? assumed(assumed)
        : of(anywhere, "of any host, for none from %s is known".formatted(source), SOME);
  }

  /** Of migrations that are in no store; the latest first. */
  public static Link of(List<Moved> moves, long assumed) {
    return moves.isEmpty()
        ? assumed(assumed)
        : of(moves, "before it", moves.size() < ENOUGH ? SOME : 1);
  }

  private static Link assumed(long rate) {
    return new Link(
        (double) rate / NONE,
        rate,
        (double) rate * NONE,
        Duration.ZERO,
        Optional.empty(),
        "no migration has been measured yet; %s are assumed".formatted(words((double) rate)),
        false);
  }

  private static Link of(List<Moved> moves, String which, int wider) {
    List<Double> rates =
        moves.stream().map(one -> one.bytes() * NANOS / one.moving().toNanos()).sorted().toList();
    List<Duration> pauses = moves.stream().flatMap(one -> one.pause().stream()).sorted().toList();
    double usual = median(rates);
    String how =
        "%s %s, %s%s"
            .formatted(
                moves.size() == 1
                    ? "one migration"
                    : "the last %d migrations".formatted(moves.size()),
                which,
                words(usual),
                wider > 1 ? ": little to go by, so the band is wide" : "");
    return new Link(
        rates.getFirst() / wider,
        usual,
        rates.getLast() * wider,
        median(moves.stream().map(Moved::aside).sorted().toList()),
        pauses.isEmpty() ? Optional.empty() : Optional.of(median(pauses)),
        how,
        true);
  }

  /** The same, with no more than so many bytes a second for one migration. */
  public Link atMost(Optional<Long> limit) {
    if (limit.isEmpty() || limit.get() <= 0 || limit.get() >= fast) {
      return this;
    }
    double most = limit.get();
    return new Link(
        Math.min(slow, most),
        Math.min(usual, most),
        most,
        aside,
        pause,
        most < usual ? "%s; a limit allows %s".formatted(basis, words(most)) : basis,
        measured);
  }

  /** The same, of a migration that has come to its first byte. */
  public Link withoutAside() {
    return new Link(slow, usual, fast, Duration.ZERO, pause, basis, measured);
  }

  private static String words(double rate) {
    return "%.0f MB/s".formatted(rate / 1e6);
  }

  private static <T> T median(List<T> sorted) {
    return sorted.get(sorted.size() / 2);
  }

  private static List<Moved> moved(List<MigrationRecord> migrations) {
    return migrations.stream().flatMap(one -> moved(one).stream()).limit(PAST).toList();
  }

  /** Of those that never said when data began to move, all of their time. */
  private static Optional<Moved> moved(MigrationRecord one) {
    long bytes =
        Math.max(one.diskProcessed(), one.diskTotal())
            + Math.max(one.memoryProcessed(), one.memoryTotal());
    Instant since = one.wishes().dataSince().orElse(one.createdAt());
    return one.endedAt()
        .map(end ->
            new Moved(
                bytes,
                Duration.between(one.createdAt(), since),
                Duration.between(since, end),
                one.pause()))
        .filter(moved -> bytes > 0 && moved.moving().isPositive());
  }

  private static List<MigrationRecord> completed(
      MigrationStore migrations, Optional<HostName> source, int most) {
    return migrations.list(
        new MigrationQuery(
            Optional.empty(),
            Optional.empty(),
            source,
            Optional.of(MigrationStatus.COMPLETED),
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            most));
  }
}
