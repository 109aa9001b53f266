package dev.tern.conductor.drain;

import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How fast servers move, by those that moved before.
 *
 * @param bytesPerSecond of one migration
 * @param fixed what each takes beside its bytes
 * @param pause of a guest, as a rule
 * @param basis where this comes from, in words
 */
record Pace(double bytesPerSecond, Duration fixed, Optional<Duration> pause, String basis) {
  /** With fewer bytes a migration says more of its checks than of the link. */
  private static final Duration LEAST = Duration.ofSeconds(2);

  /**
   * The median of migrations that have ended well.
   *
   * @param assumed bytes per second of one migration while there is none
   * @param share of the bytes per second that each may use; empty without a limit
   */
  static Pace of(List<MigrationRecord> past, long assumed, Optional<Long> share) {
    List<Double> rates = past.stream().flatMap(before -> rate(before).stream()).sorted().toList();
    double measured = rates.isEmpty() ? assumed : rates.get(rates.size() / 2);
    List<Duration> pauses =
        past.stream().flatMap(before -> before.pause().stream()).sorted().toList();
    boolean limited = share.isPresent() && share.get() < measured;
    String basis =
        (rates.isEmpty()
                ? "no migration from this host has been measured yet; %.0f MB/s are assumed"
                    .formatted(assumed / 1e6)
                : "the last %d migrations from this host, %.0f MB/s each"
                    .formatted(rates.size(), measured / 1e6))
            + (limited ? ", and each has %.0f MB/s of the limit".formatted(share.get() / 1e6) : "");
    return new Pace(
        limited ? share.get() : measured,
        LEAST,
        pauses.isEmpty() ? Optional.empty() : Optional.of(pauses.get(pauses.size() / 2)),
        basis);
  }

  private static Optional<Double> rate(MigrationRecord past) {
    long bytes = past.diskProcessed() + past.memoryProcessed();
    return past.endedAt()
        .map(end -> Duration.between(past.wishes().dataSince().orElse(past.createdAt()), end))
        .filter(took -> took.isPositive() && bytes > 0)
        .map(took -> bytes / (took.toNanos() / 1e9));
  }

  Duration takes(long bytes) {
    return fixed.plusMillis(Math.round(bytes * 1000 / bytesPerSecond));
  }
}
