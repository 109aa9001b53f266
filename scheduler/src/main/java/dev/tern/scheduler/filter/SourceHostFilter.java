package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.Optional;

/** A guest does not move to where it is. */
record SourceHostFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return !spec.wanted().source().equals(Optional.of(host.name()));
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.wanted().source().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    return refusal(
        ErrorCode.UNABLE_TO_MIGRATE_TO_SELF,
        "Unable to migrate instance (%s) to current host (%s)."
            .formatted(spec.server(), host.name()),
        "another host",
        "the host it is on");
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
