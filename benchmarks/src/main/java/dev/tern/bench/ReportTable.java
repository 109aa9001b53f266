package dev.tern.bench;

import dev.tern.bench.BenchReport.CaseReport;
import dev.tern.bench.BenchReport.Overall;
import dev.tern.bench.BenchReport.Ratios;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The report for people. */
final class ReportTable {
  private final PrintStream out;

  ReportTable(PrintStream out) {
    this.out = out;
  }

  void print(BenchReport report) {
    out.printf(
        "%nmedians of %d rounds (order shuffled, seed %d); QEMU %s, %s, %d cores; bytes counted on %s%n%n",
        report.rounds(),
        report.seed(),
        report.qemu(),
        report.accelerator(),
        report.cores(),
        report.ownNetwork()
            ? "a loopback interface of its own"
            : "the machine's loopback interface, with whatever else used it");
    row("case", "mover", "total", "ratio", "pause", "ratio", "silence", "wire", "/needed", "disk");
    row("", "", "ms", "", "ms", "", "ms", "MiB", "", "dst/src");
    for (CaseReport one : report.cases()) {
      one.movers().forEach((mover, figures) -> print(one, mover, figures));
    }
    out.println();
    out.println("means of all moves of all cases:");
    report.overall().forEach(this::print);
    out.println();
    out.println("the totals one by one, in ms:");
    for (CaseReport one : report.cases()) {
      one.movers().forEach((mover, figures) -> each(one.name(), mover, figures.totals()));
    }
    out.println();
    out.println("the pauses one by one, in ms:");
    for (CaseReport one : report.cases()) {
      one.movers().forEach((mover, figures) -> each(one.name(), mover, figures.pauses()));
    }
    out.println();
    out.println("when each point was reached, in ms since the first command:");
    for (CaseReport one : report.cases()) {
      one.movers().forEach((mover, figures) -> points(one.name(), mover, figures.times()));
    }
    out.println();
    out.println("the same within the pause, in ms since STOP, by QEMU's stamps:");
    for (CaseReport one : report.cases()) {
      one.movers().forEach((mover, figures) -> points(one.name(), mover, figures.sinceStop()));
    }
    out.println();
    for (String wrong : report.wrong()) {
      out.println("WRONG, not counted: " + wrong);
    }
  }

  private void print(CaseReport one, String mover, Figures figures) {
    Ratios ratios = one.ratios().get(mover);
    row(
        one.name(),
        mover,
        number("%.0f", figures.totalMillis()),
        ratios == null ? "" : number("%.2f", ratios.total()),
        number("%.1f", figures.pauseMillis()),
        ratios == null ? "" : number("%.2f", ratios.pause()),
        number("%.0f", figures.silenceMillis()),
        number("%.1f", figures.wireMib()),
        number("%.3f", figures.wireToNeeded()),
        number("%.3f", figures.destinationToSource()));
  }

  private void print(String mover, Overall of) {
    row(
        "%d moves".formatted(of.moves()),
        mover,
        number("%.0f", of.totalMillis()),
        of.totalRatio() == 0 ? "" : number("%.2f", of.totalRatio()),
        number("%.1f", of.pauseMillis()),
        of.pauseRatio() == 0 ? "" : number("%.2f", of.pauseRatio()),
        "",
        "",
        "",
        "");
  }

  private void each(String name, String mover, List<Double> figures) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-11s %-12s", name, mover));
    figures.forEach(figure -> line.append(String.format(Locale.ROOT, " %8.1f", figure)));
    out.println(line);
  }

  private void points(String name, String mover, Map<String, Double> points) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-11s %-12s", name, mover));
    points.forEach((point, at) -> line.append(String.format(Locale.ROOT, "  %s %.1f", point, at)));
    out.println(line);
  }

  private static String number(String format, double value) {
    return value == 0 ? "-" : String.format(Locale.ROOT, format, value);
  }

  private void row(Object... columns) {
    out.printf("%-11s %-12s %7s %6s %7s %6s %8s %7s %8s %8s%n", columns);
  }
}
