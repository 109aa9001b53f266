package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;

/**
 * The agent reports, no operator says that the host is down all the same, and none has closed it to
 * arrivals.
 */
record ComputeFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return isUp(host) && !host.disabled();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    if (!isUp(host)) {
      return refusal(
          ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
          "Compute service of %s is unavailable at this time.".formatted(host.name()),
          "a service that is up",
          host.forcedDown() ? "forced down" : "down",
          host.forcedDown() ? "its service is no longer forced down" : "its agent reports again");
    }
    return refusal(
        ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
        "Compute service of %s is disabled (%s) and takes no servers."
            .formatted(host.name(), host.disabledReason().orElse("no reason given")),
        "a service that is enabled",
        "disabled",
        "its service is enabled");
  }

  private static boolean isUp(HostState host) {
    return host.up() && !host.forcedDown();
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
