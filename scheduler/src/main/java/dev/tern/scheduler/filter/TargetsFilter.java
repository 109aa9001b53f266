package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;

/** Who plans may say which hosts there are to choose from, and which are not. */
record TargetsFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return !spec.without().contains(host.name())
        && (spec.among().isEmpty() || spec.among().contains(host.name()));
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return !spec.without().isEmpty() || !spec.among().isEmpty();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    boolean emptied = spec.without().contains(host.name());
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        (emptied ? "Host %s is left out of this plan." : "Host %s is not among the named targets.")
            .formatted(host.name()),
        emptied ? "a host that is not left out" : "one of the named targets",
        host.name().value(),
        emptied ? "it is not left out" : "it is named as a target");
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
