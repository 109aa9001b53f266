package dev.tern.simulation;

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

  private Effects() {}

  /** Each with how often it was seen in one run, at most. Always the same for the same code. */
  static Map<String, Integer> known() {
    return known(plan -> plan);
  }

  /** The same of runs that are different somehow. */
  static Map<String, Integer> known(UnaryOperator<Plan> how) {
    Map<String, Integer> known = new TreeMap<>();
    for (long seed = 1; seed <= UNDISTURBED; seed++) {
      learn(known, how.apply(Plan.undisturbed(seed)));
    }
    Map<String, Integer> usual = Map.copyOf(known);
    for (long seed = 1; seed <= DISTURBED; seed++) {
      learn(known, how.apply(Plan.of(-seed, new TreeMap<>(usual))));
    }
    return known;
  }

  private static void learn(Map<String, Integer> known, Plan plan) {
    new Simulation(plan, Variant.AS_IT_IS)
        .run()
        .labels()
        .forEach((label, count) -> known.merge(label, count, Math::max));
  }
}
