package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;

/**
 * A host whose QEMU lacks a command that migrations use can boot servers, but takes no migration.
 */
record QemuFeaturesFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return spec.wanted().source().isEmpty() || host.report().missingFeatures().isEmpty();
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.wanted().source().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    String missing = String.join(", ", host.report().missingFeatures());
    return refusal(
        ErrorCode.DESTINATION_LACKS_QEMU_FEATURE,
        "Unable to migrate %s to %s: the hypervisor there (%s) lacks %s."
            .formatted(spec.server(), host.name(), host.report().hypervisorVersionText(), missing),
        "every command that migrations use",
        "all but " + missing);
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
