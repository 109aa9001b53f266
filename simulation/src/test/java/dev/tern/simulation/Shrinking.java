package dev.tern.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Looks for less that goes wrong and still breaks something. */
final class Shrinking {
  private Shrinking() {}

  /**
   * The run of a plan with as few faults as will do; it fails as the given one does, or otherwise.
   */
  private static Simulation.Result least(Simulation.Result failed) {
    Simulation.Result least = failed;
    int at = 0;
    while (at < least.plan().faults().size()) {
      List<Fault> fewer = new ArrayList<>(least.plan().faults());
      fewer.remove(at);
      Simulation.Result again = new Simulation(least.plan().with(fewer), Variant.AS_IT_IS).run();
      if (again.good()) {
        at++;
      } else {
        least = again;
      }
    }
    return least;
  }

  /** All that is needed to find out what happened. */
  static String story(Simulation.Result failed) {
    Simulation.Result least = least(failed);
    return """
    %s
    violated: %s
    with fewer faults: %s
    violated: %s
    the last of that:
    %s
    """
        .formatted(
            failed.plan(),
            failed.violations(),
            least.plan().faults(),
            least.violations(),
            least.trace().stream().map(Turns.Line::toString).collect(Collectors.joining("\n")));
  }
}
