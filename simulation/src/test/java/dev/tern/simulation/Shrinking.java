package dev.tern.simulation;

import java.util.ArrayList;
import java.util.List;

/** Looks for less that goes wrong and still breaks something. */
final class Shrinking {
  private Shrinking() {}

  /**
   * The run of a plan with as few faults as will do; it fails as the given one does, or otherwise.
   */
  static Simulation.Result least(Simulation.Result failed, Variant variant) {
    Simulation.Result least = failed;
    int at = 0;
    while (at < least.plan().faults().size()) {
      List<Fault> fewer = new ArrayList<>(least.plan().faults());
      fewer.remove(at);
      Simulation.Result again = new Simulation(least.plan().with(fewer), variant).run();
      if (again.good()) {
        at++;
      } else {
        least = again;
      }
    }
    return least;
  }

  /** All that is needed to find out what happened. */
  static String story(Simulation.Result failed, Variant variant) {
    Simulation.Result least = least(failed, variant);
    return """
    %s
    violated: %s
    again: mvn -pl simulation -am test -Dtest=SimulationTest -Dsurefire.failIfNoSpecifiedTests=false -Dtern.sim.seed=%d
    with fewer faults: %s
    violated: %s
    the last of that:
    %s
    """
        .formatted(
            failed.plan(),
            failed.violations(),
            failed.plan().seed(),
            least.plan().faults(),
            least.violations(),
            String.join("\n", least.trace()));
  }
}
