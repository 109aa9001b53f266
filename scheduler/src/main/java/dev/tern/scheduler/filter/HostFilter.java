package dev.tern.scheduler.filter;

import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.List;
import java.util.Optional;

/** One thing a host must have, or be, to take a server. */
@FunctionalInterface
public interface HostFilter {
  /**
   * Empty when the host will do as far as this filter looks; else why not, with what is needed and
   * what is there.
   */
  Optional<Failure> refusal(HostRecord host, SelectHost request);

  /**
   * Every filter, in the order in which their reasons are worth telling: what an operator can mend
   * at once first, what is full last.
   */
  static List<HostFilter> all(Ratios ratios) {
    return List.of(
        new NotTheSource(),
        new Up(),
        new Enabled(),
        new SameHypervisorType(),
        new HypervisorNotOlder(),
        new SameAccelerator(),
        new KnowsMachineType(),
        new HasQemuFeatures(),
        new EnoughMemory(ratios),
        new EnoughVcpus(ratios),
        new EnoughDisk(ratios));
  }
}
