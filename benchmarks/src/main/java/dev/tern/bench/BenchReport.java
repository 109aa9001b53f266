package dev.tern.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What the bench found.
 *
 * @param rounds measured
 * @param seed of the order within the rounds
 * @param ownNetwork whether bytes were counted on a loopback interface that nobody else used
 */
record BenchReport(
    String qemu,
    String accelerator,
    int cores,
    int rounds,
    long seed,
    boolean ownNetwork,
    List<CaseReport> cases) {
  BenchReport {
    cases = List.copyOf(cases);
  }

  /**
   * One case.
   *
   * @param movers figures by the mover's name
   * @param ratios by the mover's name: its medians by those of the floor it is held against
   */
  record CaseReport(
      String name, String what, Map<String, Figures> movers, Map<String, Ratios> ratios) {

    /** Of a mover that took part. */
    Figures of(String mover) {
      return Objects.requireNonNull(movers.get(mover), mover);
    }

    /** Of a mover that took part, and so did its floor. */
    Ratios ratiosOf(String mover) {
      return Objects.requireNonNull(ratios.get(mover), mover);
    }
  }

  /** Each 1.0 where Tern takes what the floor takes; 0 where there is nothing to compare. */
  record Ratios(double total, double pause, double silence, double wire) {}

  static CaseReport report(BenchCase what, List<Mover> movers, List<Sample> samples) {
    Map<String, Figures> figures = new LinkedHashMap<>();
    for (Mover mover : movers) {
      figures.put(
          mover.name(),
          Figures.of(samples.stream().filter(s -> s.mover().equals(mover.name())).toList()));
    }
    Map<String, Ratios> ratios = new LinkedHashMap<>();
    for (Mover mover : movers) {
      Figures mine = figures.get(mover.name());
      Figures floor = figures.get(mover.floor());
      if (mine != null && floor != null && !mover.name().equals(mover.floor())) {
        ratios.put(mover.name(), ratios(mine, floor));
      }
    }
    return new CaseReport(what.name(), what.what(), figures, ratios);
  }

  private static Ratios ratios(Figures mine, Figures floor) {
    return new Ratios(
        Figures.ratio(mine.totalMillis(), floor.totalMillis()),
        Figures.ratio(mine.pauseMillis(), floor.pauseMillis()),
        Figures.ratio(mine.silenceMillis(), floor.silenceMillis()),
        Figures.ratio(mine.wireMib(), floor.wireMib()));
  }

  /** What was moved wrongly, case by case; empty when every move was right. */
  List<String> wrong() {
    List<String> wrong = new ArrayList<>();
    for (CaseReport one : cases) {
      one.movers()
          .forEach((mover, figures) ->
              figures.wrong().forEach(w -> wrong.add(one.name() + ", " + mover + ": " + w)));
    }
    return wrong;
  }
}
