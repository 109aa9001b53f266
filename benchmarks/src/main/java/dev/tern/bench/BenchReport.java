package dev.tern.bench;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What the bench found.
 *
 * @param rounds measured
 * @param seed of the order within the rounds
 * @param ownNetwork whether bytes were counted on a loopback interface that nobody else used
 * @param overall by the mover's name
 */
record BenchReport(
    String qemu,
    String accelerator,
    int cores,
    int rounds,
    long seed,
    boolean ownNetwork,
    List<CaseReport> cases,
    Map<String, Overall> overall) {
  BenchReport {
    cases = List.copyOf(cases);
  }

  /**
   * All right moves of a mover, of all cases: means, since a median of a case jumps where its moves
   * have two values, as short ones have by QEMU's windows of 100 ms.
   *
   * @param totalRatio by the mean of the floor it is held against; 0 for a floor
   * @param pauseRatio the same
   */
  record Overall(
      int moves, double totalMillis, double pauseMillis, double totalRatio, double pauseRatio) {}

  static Map<String, Overall> overall(List<CaseReport> cases, List<Mover> movers) {
    Map<String, Overall> all = new LinkedHashMap<>();
    for (Mover mover : movers) {
      DoubleSummaryStatistics totals = every(cases, mover.name(), Figures::totals);
      DoubleSummaryStatistics pauses = every(cases, mover.name(), Figures::pauses);
      boolean itself = mover.name().equals(mover.floor());
      all.put(
          mover.name(),
          new Overall(
              (int) totals.getCount(),
              totals.getAverage(),
              pauses.getAverage(),
              itself ? 0 : ratio(totals, every(cases, mover.floor(), Figures::totals)),
              itself ? 0 : ratio(pauses, every(cases, mover.floor(), Figures::pauses))));
    }
    return all;
  }

  private static double ratio(DoubleSummaryStatistics mine, DoubleSummaryStatistics floor) {
    return Figures.ratio(mine.getAverage(), floor.getAverage());
  }

  private static DoubleSummaryStatistics every(
      List<CaseReport> cases, String mover, Function<Figures, List<Double>> figures) {
    return cases.stream()
        .flatMap(one -> Stream.ofNullable(one.movers().get(mover)))
        .flatMap(of -> figures.apply(of).stream())
        .mapToDouble(Double::doubleValue)
        .summaryStatistics();
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
