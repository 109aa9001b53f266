package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import java.util.Optional;

/** Both QEMUs build the same machine. */
record MachineTypeFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<GuestNeeds> guest = spec.wanted().guest();
    return guest.isEmpty() || host.facts().machineTypes().contains(guest.get().machineType());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.wanted().guest().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    String needed = spec.wanted().guest().orElseThrow().machineType();
    return refusal(
        ErrorCode.DESTINATION_LACKS_MACHINE_TYPE,
        "Unable to migrate %s to %s: the hypervisor there (%s) has no machine type %s."
            .formatted(spec.server(), host.name(), host.report().hypervisorVersionText(), needed),
        needed,
        "%d other machine types".formatted(host.report().machineTypes().size()));
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
