package dev.tern.scheduler.filter;

import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.Objects;
import java.util.Optional;

/** Hosts that failed a later check for this server are not tried again. */
record RetryFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return !spec.wanted().refused().containsKey(host.name());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return !spec.wanted().refused().isEmpty();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    Failure before = Objects.requireNonNull(spec.wanted().refused().get(host.name()));
    return new Refusal(
        name(), before, "a host that passes its own check", "one that did not", Optional.empty());
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
