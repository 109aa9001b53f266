package dev.tern.bench;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/**
 * How long requests took.
 *
 * @param few servers of the one
 * @param many and of the other
 * @param rounds in which each request was made once of either
 */
record ApiReport(int few, int many, int rounds, List<Line> requests) {
  /**
   * One request.
   *
   * @param ratio of the medians, many by few
   * @param ratioPerRow the same of what one row took, which is the ratio where both answer as many
   */
  record Line(String request, Times few, Times many, double ratio, double ratioPerRow) {
    static Line of(String request, Times few, Times many) {
      double ratio = Figures.ratio(many.medianMillis(), few.medianMillis());
      return new Line(
          request,
          few,
          many,
          ratio,
          Figures.ratio(
              many.medianMillis() / Math.max(1, many.rows()),
              few.medianMillis() / Math.max(1, few.rows())));
    }
  }

  /** What one request took, and how many rows its answer has. */
  record Times(int rows, double medianMillis, double p95Millis) {
    /**
     * See the parameters.
     *
     * @param sorted at least one
     */
    static Times of(int rows, double... sorted) {
      int most = (int) Math.ceil(sorted.length * 0.95) - 1;
      return new Times(rows, Figures.median(sorted), Math.round(sorted[most] * 1000) / 1000.0);
    }
  }

  void print(PrintStream out) {
    out.printf(
        Locale.ROOT,
        "%nmilliseconds, of %d rounds; %d servers and %d, asked in turn%n%n",
        rounds,
        few,
        many);
    String row = "%-40s %6s %8s %8s %6s %8s %8s %6s %8s%n";
    out.printf(
        row, "request", "rows", "median", "p95", "rows", "median", "p95", "ratio", "per row");
    for (Line line : requests) {
      out.printf(
          row,
          line.request(),
          line.few().rows(),
          number("%.1f", line.few().medianMillis()),
          number("%.1f", line.few().p95Millis()),
          line.many().rows(),
          number("%.1f", line.many().medianMillis()),
          number("%.1f", line.many().p95Millis()),
          number("%.2f", line.ratio()),
          number("%.2f", line.ratioPerRow()));
    }
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
