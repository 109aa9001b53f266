package dev.tern.simulation;

import java.util.Map;
import java.util.TreeMap;

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
    Map<String, Integer> known = new TreeMap<>();
    for (long seed = 1; seed <= UNDISTURBED; seed++) {
      learn(known, Plan.undisturbed(seed));
    }
    Map<String, Integer> usual = Map.copyOf(known);
    for (long seed = 1; seed <= DISTURBED; seed++) {
      learn(known, Plan.of(-seed, new TreeMap<>(usual)));
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
