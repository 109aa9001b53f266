package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;
import java.util.List;

/**
 * One thing that makes a host better than another. Its values are stretched over 0 to 1 among the
 * hosts that passed the filters, so that weighers of different units can be added.
 */
public interface HostWeigher {
  /** More is better, unless the multiplier is negative. Any unit. */
  double value(HostState host, RequestSpec spec);

  /** As in Nova, where Nova has the like. */
  default String name() {
    return getClass().getSimpleName();
  }

  /** Whether hosts can differ for this server at all; it is left out where they cannot. */
  default boolean matters(RequestSpec spec) {
    return true;
  }

  /**
   * A weigher and how much it counts.
   *
   * @param multiplier negative to prefer the least
   */
  record Weighted(HostWeigher weigher, double multiplier) {}

  /** Every weigher, as it counts unless an operator says otherwise. */
  static List<Weighted> standard() {
    return List.of(
        new Weighted(new ServerGroupSoftAffinityWeigher(), 10),
        new Weighted(new ServerGroupSoftAntiAffinityWeigher(), 10),
        new Weighted(new RAMWeigher(), 1),
        new Weighted(new IoOpsWeigher(), -0.5));
  }
}
