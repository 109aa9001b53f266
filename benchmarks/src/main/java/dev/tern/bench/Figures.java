package dev.tern.bench;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Medians over the moves of one mover that were right.
 *
 * @param moves how many those are; with none, every figure is 0
 * @param wireToNeeded bytes over the wire, by bytes that had to be sent
 * @param destinationToSource what the disks take after and before
 * @param times when each point of the way was reached, in ms since the first command
 * @param sinceStop the same within the pause, by QEMU's stamps
 * @param totals of each of those moves, in their order, in ms
 * @param pauses the same
 * @param wrong what other moves broke
 */
record Figures(
    int moves,
    double totalMillis,
    double pauseMillis,
    double silenceMillis,
    double wireMib,
    double neededMib,
    double wireToNeeded,
    double destinationToSource,
    Map<String, Double> times,
    Map<String, Double> sinceStop,
    List<Double> totals,
    List<Double> pauses,
    List<String> wrong) {

  static Figures of(List<Sample> samples) {
    List<Sample> right = samples.stream().filter(Sample::intact).toList();
    return new Figures(
        right.size(),
        median(right, s -> millis(s.move().total())),
        median(right, s -> millis(s.move().pause())),
        median(right, s -> millis(s.silence())),
        median(right, s -> mebibytes(s.wireBytes())),
        median(right, s -> mebibytes(s.neededBytes())),
        median(right, s -> ratio(mebibytes(s.wireBytes()), mebibytes(s.neededBytes()))),
        median(
            right, s -> ratio(mebibytes(s.destinationAllocated()), mebibytes(s.sourceAllocated()))),
        points(right, s -> s.move().times()),
        points(right, s -> s.move().sinceStop()),
        right.stream().map(s -> rounded(millis(s.move().total()))).toList(),
        right.stream().map(s -> rounded(millis(s.move().pause()))).toList(),
        samples.stream().flatMap(s -> s.wrong().stream()).distinct().toList());
  }

  private static Map<String, Double> points(
      List<Sample> samples, Function<Sample, Map<String, Duration>> points) {
    Map<String, Double> medians = new LinkedHashMap<>();
    for (Sample sample : samples) {
      for (String point : points.apply(sample).keySet()) {
        medians.computeIfAbsent(
            point,
            p -> median(samples, s -> millis(points.apply(s).getOrDefault(p, Duration.ZERO))));
      }
    }
    return medians;
  }

  private static double median(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return median(samples.stream().mapToDouble(figure).toArray());
  }

  /** The middle one, or halfway between the two in the middle; 0 of none. */
  static double median(double... figures) {
    if (figures.length == 0) {
      return 0;
    }
    double[] sorted = figures.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return rounded(
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
  }

  /** 0 when there is nothing to compare with. */
  static double ratio(double figure, double reference) {
    return reference == 0 ? 0 : rounded(figure / reference);
  }

  private static double rounded(double figure) {
    return Math.round(figure * 1000) / 1000.0;
  }

  static double millis(Duration duration) {
    return duration.toNanos() / 1e6;
  }

  private static double mebibytes(long bytes) {
    return bytes / 1048576.0;
  }
}
