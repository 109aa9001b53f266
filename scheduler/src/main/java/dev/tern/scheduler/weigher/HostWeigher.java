package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;
import java.util.List;
import java.util.stream.Stream;

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

  /** How much each weigher counts; one that counts 0 is left out. */
  record Multipliers(
      double ram,
      double cpu,
      double disk,
      double ioOps,
      double softAffinity,
      double softAntiAffinity,
      double bytesToMove) {
    /**
     * As it is unless an operator says otherwise. Bytes count less than memory: they choose among
     * hosts with about as much room, and do not gather all servers of an image on one host.
     */
    public static final Multipliers STANDARD = new Multipliers(1, 0, 0, -0.5, 10, 10, -0.4);
  }

  /** Those that count. */
  static List<Weighted> of(Multipliers multipliers) {
    return Stream.of(
            new Weighted(new ServerGroupSoftAffinityWeigher(), multipliers.softAffinity()),
            new Weighted(new ServerGroupSoftAntiAffinityWeigher(), multipliers.softAntiAffinity()),
            new Weighted(new BytesToMoveWeigher(), multipliers.bytesToMove()),
            new Weighted(new RAMWeigher(), multipliers.ram()),
            new Weighted(new CPUWeigher(), multipliers.cpu()),
            new Weighted(new DiskWeigher(), multipliers.disk()),
            new Weighted(new IoOpsWeigher(), multipliers.ioOps()))
        .filter(weighted -> weighted.multiplier() != 0)
        .toList();
  }
}
