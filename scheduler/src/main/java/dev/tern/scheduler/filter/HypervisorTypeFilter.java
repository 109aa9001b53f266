package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import java.util.Optional;

/** A guest moves between hypervisors of one kind. */
record HypervisorTypeFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<GuestNeeds> guest = spec.wanted().guest();
    return guest.isEmpty() || guest.get().hypervisorType().equals(host.report().hypervisorType());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.wanted().guest().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    String there = host.report().hypervisorType();
    String needed = spec.wanted().guest().orElseThrow().hypervisorType();
    return refusal(
        ErrorCode.INVALID_HYPERVISOR_TYPE,
        "Unable to migrate %s to %s: the hypervisor there is %s, the guest needs %s."
            .formatted(spec.server(), host.name(), there, needed),
        needed,
        there);
  }

  @Override
  public boolean canBeHelped() {
    return false;
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
