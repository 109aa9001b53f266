package dev.tern.standalone.chaos;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * All that was played.
 *
 * @param seed plays the same cells in the same order with the same delays; what the machine makes
 *     of them differs
 * @param afterwards what was found broken when the last server was deleted
 */
public record ChaosReport(
    long seed, String date, int rounds, List<Outcome> outcomes, List<String> afterwards) {

  public ChaosReport {
    outcomes = List.copyOf(outcomes);
    afterwards = List.copyOf(afterwards);
  }

  /** Cells with something broken. */
  public long failures() {
    return outcomes.stream().filter(outcome -> !outcome.broken().isEmpty()).count();
  }

  /** Whether everything held, and in some round at least each cell's moment was met. */
  public boolean isGreen() {
    return failures() == 0 && afterwards.isEmpty();
  }

  /**
   * Victims across, steps down. {@code 3} stands for three rounds in which everything held; {@code
   * 1 of 3 FAILED}; {@code -}: the step never began.
   */
  public String table() {
    Set<String> victims = new LinkedHashSet<>();
    for (Victim victim : Victim.values()) {
      if (outcomes.stream().anyMatch(outcome -> outcome.victim().equals(victim.word()))) {
        victims.add(victim.word());
      }
    }
    StringBuilder text = new StringBuilder("| step |");
    victims.forEach(victim -> text.append(' ').append(victim).append(" |"));
    text.append("\n|---|").append("---|".repeat(victims.size())).append('\n');
    for (String step : Chaos.STEPS) {
      if (outcomes.stream().anyMatch(outcome -> outcome.step().equals(step))) {
        text.append("| ").append(step).append(" |");
        victims.forEach(victim -> text.append(' ').append(cell(victim, step)).append(" |"));
        text.append('\n');
      }
    }
    return text.toString();
  }

  private String cell(String victim, String step) {
    List<Outcome> of =
        outcomes.stream()
            .filter(outcome -> outcome.victim().equals(victim) && outcome.step().equals(step))
            .toList();
    long reached = of.stream().filter(Outcome::reached).count();
    long failed = of.stream().filter(outcome -> !outcome.broken().isEmpty()).count();
    if (failed > 0) {
      return "%d of %d FAILED".formatted(failed, of.size());
    }
    return reached == 0 ? (of.isEmpty() ? "" : "-") : Long.toString(reached);
  }

  /** For people: the table, the sums, and each failure. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>(table().lines().toList());
    lines.add("");
    lines.add(
        String.format(
            Locale.ROOT,
            "seed %d: %d migrations, %d completed, %d failed checks",
            seed,
            outcomes.size(),
            outcomes.stream().filter(outcome -> outcome.migration().equals("completed")).count(),
            failures()));
    for (Outcome outcome : outcomes) {
      if (!outcome.broken().isEmpty()) {
        lines.add(
            "FAILED %s × %s, round %d, killed after %d ms: %s"
                .formatted(
                    outcome.victim(),
                    outcome.step(),
                    outcome.round(),
                    outcome.delayMillis(),
                    String.join("; ", outcome.broken())));
      }
    }
    afterwards.forEach(what -> lines.add("FAILED afterwards: " + what));
    return lines;
  }
}
