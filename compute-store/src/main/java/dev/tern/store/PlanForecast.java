package dev.tern.store;

import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is expected of a migration before a byte of it has moved, from those that left the same host
 * before: their bytes, their time, their guests' pauses. Who has no history says so.
 */
public final class PlanForecast {
  /** How many of the latest are looked at. */
  public static final int PAST = 10;

  /** With so few, the slowest and the fastest say little of the next. */
  private static final int FEW = 3;

  private static final int WIDER = 2;

  private PlanForecast() {}

  /**
   * Says what can be said.
   *
   * @param bytes of disks and memory to move
   * @param past completed migrations from the same host
   */
  public static Forecast of(long bytes, List<MigrationRecord> past) {
    List<Double> rates = past.stream().flatMap(before -> rate(before).stream()).sorted().toList();
    if (rates.isEmpty()) {
      return Forecast.unknown("no migration from this host has been measured yet");
    }
    int wider = rates.size() < FEW ? WIDER : 1;
    Duration expected = time(bytes, median(rates));
    Span left =
        new Span(
            time(bytes, rates.getLast() * wider), expected, time(bytes, rates.getFirst() / wider));
    List<Double> pauses =
        past.stream()
            .flatMap(before -> before.pause().stream())
            .map(pause -> (double) pause.toNanos())
            .sorted()
            .toList();
    return new Forecast(
        Optional.of(left),
        "",
        pauses.isEmpty()
            ? Optional.empty()
            : Optional.of(Duration.ofNanos(Math.round(median(pauses)))));
  }

  /** Bytes a second from the request to the end, waiting for a turn included. */
  private static Optional<Double> rate(MigrationRecord past) {
    long bytes = past.diskProcessed() + past.memoryProcessed();
    return past.endedAt()
        .map(end -> Duration.between(past.createdAt(), end))
        .filter(took -> took.isPositive() && bytes > 0)
        .map(took -> (double) bytes / took.toNanos());
  }

  private static double median(List<Double> sorted) {
    return sorted.get(sorted.size() / 2);
  }

  private static Duration time(long bytes, double bytesPerNano) {
    return Duration.ofMillis(Math.round(bytes / bytesPerNano / 1e6));
  }
}
