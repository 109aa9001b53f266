package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import java.util.Optional;

/** The processor a guest sees depends on what runs it. */
record AcceleratorFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<GuestNeeds> guest = spec.wanted().guest();
    return guest.isEmpty() || guest.get().accelerator().equals(host.report().accelerator());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.wanted().guest().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    String there = host.report().accelerator();
    String needed = spec.wanted().guest().orElseThrow().accelerator();
    return refusal(
        ErrorCode.DESTINATION_ACCELERATOR_DIFFERS,
        "Unable to migrate %s to %s: guests run under %s there, this one runs under %s."
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
