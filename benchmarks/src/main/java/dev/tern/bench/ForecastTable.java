package dev.tern.bench;

import dev.tern.bench.ForecastingMover.Told;
import dev.tern.contract.host.Forecast.Span;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What was said and what came, one line for each guest and one for all of them. */
final class ForecastTable {
  private static final double MIB = 1 << 20;
  private static final String HEAD =
      "%n%-12s %5s %12s %12s %11s %9s %8s %8s %10s %9s%n"
          .formatted(
              "case",
              "moves",
              "memory MiB/s",
              "disk MiB/s",
              "converges",
              "foreseen",
              "actual",
              "error %",
              "in band",
              "watched");

  private ForecastTable() {}

  /** Medians over the moves of each guest; a move of which nothing was said is no part of them. */
  static String of(List<Told> told) {
    Map<String, List<Told>> byName = new LinkedHashMap<>();
    for (Told one : told) {
      byName.computeIfAbsent(one.name(), _ -> new ArrayList<>()).add(one);
    }
    StringBuilder table = new StringBuilder(HEAD);
    byName.forEach((name, its) -> table.append(line(name, its)));
    return table.append(line("all", told)).toString();
  }

  private static String line(String name, List<Told> all) {
    List<Told> told = all.stream().filter(one -> span(one).isPresent()).toList();
    return String.format(
        Locale.ROOT,
        "%-12s %5d %12s %12s %11s %9s %8.2f %8s %10s %9.2f%n",
        name,
        all.size(),
        figure(
            all.stream()
                .filter(one -> one.writes().memoryBytesPerSecond().isPresent())
                .mapToDouble(one -> one.writes().memoryBytesPerSecond().getAsLong() / MIB)
                .toArray()),
        figure(all.stream().mapToDouble(one -> one.writes().diskBytesPerSecond() / MIB).toArray()),
        all.stream().filter(one -> one.forecast().converges().orElse(false)).count()
            + " of "
            + all.size(),
        figure(
            told.stream()
                .mapToDouble(one -> seconds(span(one).orElseThrow().expected()))
                .toArray()),
        Figures.median(all.stream().mapToDouble(one -> seconds(one.actual())).toArray()),
        figure(told.stream().mapToDouble(ForecastTable::error).toArray()),
        told.stream().filter(ForecastTable::inBand).count() + " of " + told.size(),
        Figures.median(all.stream().mapToDouble(one -> seconds(one.watched())).toArray()));
  }

  private static Optional<Span> span(Told one) {
    return one.forecast().forecast().left();
  }

  /** By what happened, in percent. */
  static double error(Told one) {
    double expected = seconds(span(one).orElseThrow().expected());
    return 100 * Math.abs(expected - seconds(one.actual())) / seconds(one.actual());
  }

  static boolean inBand(Told one) {
    Span span = span(one).orElseThrow();
    return span.low().compareTo(one.actual()) <= 0 && one.actual().compareTo(span.high()) <= 0;
  }

  private static String figure(double[] figures) {
    return figures.length == 0
        ? "unknown"
        : String.format(Locale.ROOT, "%.2f", Figures.median(figures));
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
