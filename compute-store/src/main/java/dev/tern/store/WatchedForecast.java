package dev.tern.store;

import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is expected of a migration of a guest that was watched: how much it writes now, and how fast
 * the last migrations from its host sent. Each disk's mirror sends what the guest writes meanwhile,
 * and each pass of memory what it wrote during the one before; both end only while more is sent
 * than written. The band is from the fastest and the slowest of those migrations, and of a guest
 * that writes a quarter less and a quarter more than it did.
 *
 * @param forecast of the time from when it begins, waiting for a turn not included
 * @param converges whether it would end by itself; empty when that cannot be said
 */
public record WatchedForecast(Forecast forecast, Optional<Boolean> converges) {
  /** Of the rate of sending: as in the agent's forecast while data moves. */
  private static final double CONVERGES_BELOW = 0.95;

  /**
   * How far a guest's next minutes are from the second that was watched, as far as anyone knows.
   */
  private static final double LESS = 0.75;

  private static final double MORE = 1.25;
  private static final double NANOS = 1e9;
  private static final long MIB = 1L << 20;

  /** Bytes to move. */
  public record Load(long disk, long memory) {}

  /** What past migrations say: bytes a second, and the time in which nothing is sent. */
  private record Past(double slow, double usual, double fast, double aside) {}

  /**
   * What one migration before it says.
   *
   * @param bytes as they would have been foreseen, or as they were sent where that is more: pages
   *     that are all zero are to be looked at and not to be sent
   * @param aside in which no data moved
   * @param moving in which it did
   */
  public record Moved(long bytes, Duration aside, Duration moving) {}

  /**
   * Says what can be said.
   *
   * @param writes empty of a guest that was not watched, or not to any use
   * @param before completed migrations from the same host
   */
  public static WatchedForecast of(
      Load load, Optional<GuestWrites> writes, List<MigrationRecord> before) {
    return of(
        load,
        writes,
        before.stream().flatMap(one -> moved(one).stream()).toList(),
        PlanForecast.of(load.disk() + load.memory(), before));
  }

  /**
   * The same, of migrations that are in no store.
   *
   * @param plain what is said without {@code writes}, and of the pause in any case
   */
  public static WatchedForecast of(
      Load load, Optional<GuestWrites> writes, List<Moved> before, Forecast plain) {
    Optional<Past> past = past(before);
    if (past.isEmpty() || writes.isEmpty() || writes.get().memory().isEmpty()) {
      return new WatchedForecast(plain, Optional.empty());
    }
    double memory = writes.get().memory().get();
    double disk = writes.get().disk();
    double usual = past.get().usual();
    if (disk >= CONVERGES_BELOW * usual || memory >= CONVERGES_BELOW * usual) {
      String what = disk >= CONVERGES_BELOW * usual ? "its disks" : "its memory";
      double written = disk >= CONVERGES_BELOW * usual ? disk : memory;
      return new WatchedForecast(
          new Forecast(
              Optional.empty(),
              "the guest writes %d MiB of %s a second and some %d MiB are sent: it would not converge without being slowed down, or post-copy"
                  .formatted(Math.round(written / MIB), what, Math.round(usual / MIB)),
              plain.pause()),
          Optional.of(false));
    }
    double expected = past.get().aside() + seconds(load, usual, disk, memory);
    double low = past.get().aside() + seconds(load, past.get().fast(), disk * LESS, memory * LESS);
    double high = past.get().aside() + seconds(load, past.get().slow(), disk * MORE, memory * MORE);
    return new WatchedForecast(
        new Forecast(
            Optional.of(
                new Span(
                    time(Math.min(low, expected)), time(expected), time(Math.max(high, expected)))),
            "",
            plain.pause()),
        Optional.of(true));
  }

  private static double seconds(Load load, double rate, double disk, double memory) {
    double least = (1 - CONVERGES_BELOW) * rate;
    return load.disk() / Math.max(rate - disk, least)
        + load.memory() / Math.max(rate - memory, least);
  }

  private static Optional<Past> past(List<Moved> before) {
    if (before.isEmpty()) {
      return Optional.empty();
    }
    List<Double> rates =
        before.stream().map(one -> one.bytes() / seconds(one.moving())).sorted().toList();
    List<Double> aside = before.stream().map(one -> seconds(one.aside())).sorted().toList();
    return Optional.of(
        new Past(
            rates.getFirst(),
            rates.get(rates.size() / 2),
            rates.getLast(),
            aside.get(aside.size() / 2)));
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
                bytes, Duration.between(one.createdAt(), since), Duration.between(since, end)))
        .filter(moved -> bytes > 0 && moved.moving().isPositive());
  }

  private static double seconds(Duration time) {
    return time.toNanos() / NANOS;
  }

  private static Duration time(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1e3));
  }
}
