package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import java.util.Optional;

/** QEMU takes guests of its own version and older ones; a newer one's it may misread. */
record HypervisorVersionFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<GuestNeeds> guest = spec.wanted().guest();
    return guest.isEmpty() || guest.get().hypervisorVersion() <= host.report().hypervisorVersion();
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.wanted().guest().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    String there = text(host.report().hypervisorVersion());
    String needed = text(spec.wanted().guest().orElseThrow().hypervisorVersion());
    return refusal(
        ErrorCode.DESTINATION_HYPERVISOR_TOO_OLD,
        "Unable to migrate %s to %s: the hypervisor there is %s, the source has %s."
            .formatted(spec.server(), host.name(), there, needed),
        needed + " or newer",
        there,
        "its hypervisor is brought to %s".formatted(needed));
  }

  private static String text(int version) {
    return "%d.%d.%d".formatted(version / 1_000_000, version / 1_000 % 1_000, version % 1_000);
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
