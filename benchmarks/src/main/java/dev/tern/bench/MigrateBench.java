package dev.tern.bench;

import dev.tern.bench.BenchReport.CaseReport;
import dev.tern.contract.Pause;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Consumer;

/** Moves each case's guest by each mover in turn, as many rounds as asked, and sums up. */
final class MigrateBench {
  private final Path work;
  private final Path guest;
  private final Loopback loopback;
  private final Pause pause;
  private final Consumer<String> say;

  /**
   * @param work for images and sockets; what a former run left there is removed
   * @param guest the directory of the built test guest
   */
  MigrateBench(Path work, Path guest, Loopback loopback, Pause pause, Consumer<String> say) {
    this.work = work;
    this.guest = guest;
    this.loopback = loopback;
    this.pause = pause;
    this.say = say;
  }

  /**
   * @param warmUps rounds that are made and judged, and not measured
   * @param rounds to measure, each with one move per mover
   * @param seed of the order within a round
   */
  BenchReport run(List<BenchCase> cases, List<Mover> movers, int warmUps, int rounds, long seed)
      throws IOException, InterruptedException {
    Files.createDirectories(work);
    List<CaseReport> reports = new ArrayList<>();
    Random order = new Random(seed);
    int all = cases.size() * movers.size() * (warmUps + rounds);
    int done = 0;
    for (BenchCase what : cases) {
      say.accept("%s: %s".formatted(what.name(), what.what()));
      List<Sample> samples = new ArrayList<>();
      try (Ring ring = new Ring(what, work, guest, loopback, pause)) {
        for (int round = 1 - warmUps; round <= rounds; round++) {
          List<Mover> shuffled = new ArrayList<>(movers);
          Collections.shuffle(shuffled, order);
          for (Mover mover : shuffled) {
            Sample sample = ring.move(mover, round);
            say.accept(line(++done, all, what, sample));
            if (round > 0 || !sample.intact()) {
              samples.add(sample);
            }
          }
        }
      }
      reports.add(BenchReport.report(what, movers, samples));
    }
    HostCapabilities here = capabilities();
    return new BenchReport(
        here.version(),
        here.accelerator(),
        Runtime.getRuntime().availableProcessors(),
        rounds,
        seed,
        loopback.ours(),
        reports,
        BenchReport.overall(reports, movers));
  }

  private HostCapabilities capabilities() throws IOException {
    try {
      return Host.in(work, "a").driver().capabilities();
    } catch (VirtException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static String line(int done, int all, BenchCase what, Sample sample) {
    return String.format(
        Locale.ROOT,
        "  %3d of %d  %-10s %-12s %s  total %6.0f ms  pause %6.1f ms  wire %7.1f MiB  %s",
        done,
        all,
        what.name(),
        sample.mover(),
        sample.round() < 1 ? "warm-up " : "round %2d".formatted(sample.round()),
        Figures.millis(sample.move().total()),
        Figures.millis(sample.move().pause()),
        sample.wireBytes() / 1048576.0,
        sample.intact() ? "intact" : "WRONG: " + String.join("; ", sample.wrong()));
  }
}
