package dev.tern.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Which effects there can be: learned from runs, so that a rare one is disturbed as often as
 * another.
 */
final class Effects {
  private static final int UNDISTURBED = 12;
  private static final int DISTURBED = 30;

  private final Map<String, Integer> counts;
  private final List<List<String>> parts;

  private Effects(Map<String, Integer> counts) {
    this.counts = Map.copyOf(counts);
    Map<String, List<String>> byPart = new TreeMap<>();
    counts.keySet().stream()
        .sorted()
        .forEach(label -> byPart.computeIfAbsent(part(label), _ -> new ArrayList<>()).add(label));
    this.parts = List.copyOf(byPart.values());
  }

  private static final class Usual {
    private static final Effects KNOWN = known(plan -> plan);
  }

  private static final class Afar {
    private static final Effects KNOWN = known(Plan::byPostCopy);
  }

  private static final class WithLastWord {
    private static final Effects KNOWN = known(plan -> plan.by(Plan.Memory.POST_COPY_ALLOWED));
  }

  /** Always the same for the same code; learned once. */
  static Effects known() {
    return Usual.KNOWN;
  }

  /** Those of runs with post-copy. */
  static Effects knownAfar() {
    return Afar.KNOWN;
  }

  /** Those of runs in which post-copy is allowed, and not begun. */
  static Effects knownWithLastWord() {
    return WithLastWord.KNOWN;
  }

  private static Effects known(UnaryOperator<Plan> how) {
    Map<String, Integer> known = new TreeMap<>();
    for (long seed = 1; seed <= UNDISTURBED; seed++) {
      learn(known, how.apply(Plan.undisturbed(seed)));
    }
    Effects usual = new Effects(known);
    for (long seed = 1; seed <= DISTURBED; seed++) {
      learn(known, how.apply(Plan.of(-seed, usual)));
    }
    return new Effects(known);
  }

  private static void learn(Map<String, Integer> known, Plan plan) {
    new Simulation(plan, Variant.AS_IT_IS)
        .run()
        .labels()
        .forEach((label, count) -> known.merge(label, count, Math::max));
  }

  /** How often one was seen in one run, at most. */
  int count(String label) {
    return counts.getOrDefault(label, 1);
  }

  /** All of them, by what they are done to. */
  List<List<String>> parts() {
    return parts;
  }

  /** Files are changed often, and schedulers asked once: each part is disturbed as often. */
  private static String part(String label) {
    for (String part : List.of(" db ", " qemu ", " file ", " writes ", " takes ", " answers ")) {
      if (label.contains(part)) {
        return label.startsWith("s ") ? "scheduler" : part;
      }
    }
    return label.endsWith("asks a scheduler") ? "scheduler" : "asks";
  }
}
