package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One thing a host must have, or be, to take a server. Pure: figures in, an answer out. */
public interface HostFilter {
  /** Whether the host will do as far as this filter looks. Asked of every host: makes no text. */
  boolean passes(HostState host, RequestSpec spec);

  /** Why the host will not do, with what is needed and what is there; asked when it will not. */
  Refusal why(HostState host, RequestSpec spec);

  /**
   * Whether it could refuse any host for this server. Asked once for a decision: one that could not
   * is not asked of each of thousands of hosts.
   */
  default boolean matters(RequestSpec spec) {
    return true;
  }

  /** As in Nova, where Nova has the like. */
  default String name() {
    return getClass().getSimpleName();
  }

  /** Whether it looks at nothing but room, which grows when a server goes. */
  default boolean looksAtRoom() {
    return false;
  }

  /** Whether anything could make it pass a host that it refuses. */
  default boolean canBeHelped() {
    return true;
  }

  /** Empty when the host will do. */
  default Optional<Refusal> refusal(HostState host, RequestSpec spec) {
    return passes(host, spec) ? Optional.empty() : Optional.of(why(host, spec));
  }

  /** A refusal by this filter. */
  default Refusal refusal(ErrorCode code, String message, String needed, String available) {
    return new Refusal(name(), new Failure(code, message), needed, available, Optional.empty());
  }

  /** A refusal by this filter that would be none if what follows "fits if" were so. */
  default Refusal refusal(
      ErrorCode code, String message, String needed, String available, String fitsIf) {
    return new Refusal(name(), new Failure(code, message), needed, available, Optional.of(fitsIf));
  }

  /** Whether an operator may leave it out: not what keeps a guest from harm. */
  default boolean mayBeLeftOut() {
    return true;
  }

  /**
   * Every filter, in the order in which their reasons are worth telling: what an operator can mend
   * at once first, what is full last.
   */
  static List<HostFilter> all() {
    return List.of(
        new RetryFilter(),
        new SourceHostFilter(),
        new TargetsFilter(),
        new ComputeFilter(),
        new HypervisorTypeFilter(),
        new HypervisorVersionFilter(),
        new AcceleratorFilter(),
        new MachineTypeFilter(),
        new CpuFeaturesFilter(),
        new QemuFeaturesFilter(),
        new AvailabilityZoneFilter(),
        new ImagePropertiesFilter(),
        new AggregateInstanceExtraSpecsFilter(),
        new AggregateImagePropertiesIsolation(),
        new AggregateMultiTenancyIsolation(),
        new DifferentHostFilter(),
        new SameHostFilter(),
        new ServerGroupAffinityFilter(),
        new ServerGroupAntiAffinityFilter(),
        new RamFilter(),
        new CoreFilter(),
        new DiskFilter());
  }

  /**
   * These filters, in this order.
   *
   * @throws IllegalArgumentException when one is unknown or named twice, or one that may not be
   *     left out is
   */
  static List<HostFilter> named(List<String> names) {
    Map<String, HostFilter> left = new LinkedHashMap<>();
    all().forEach(filter -> left.put(filter.name(), filter));
    List<HostFilter> chosen = new ArrayList<>();
    for (String name : names) {
      HostFilter filter = left.remove(name);
      if (filter == null) {
        throw new IllegalArgumentException(
            "There is no filter %s, or it is named twice. There are: %s"
                .formatted(name, String.join(", ", all().stream().map(HostFilter::name).toList())));
      }
      chosen.add(filter);
    }
    left.values().stream()
        .filter(filter -> !filter.mayBeLeftOut())
        .findFirst()
        .ifPresent(filter -> {
          throw new IllegalArgumentException(
              "%s may not be left out: guests would come to harm.".formatted(filter.name()));
        });
    return List.copyOf(chosen);
  }
}
