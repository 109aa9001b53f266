package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.store.PlacementRules.Named;
import java.util.Optional;

/** The hint {@code same_host}: with one of these servers. */
record SameHostFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<Named> with = spec.rules().nextTo();
    return with.isEmpty() || with.get().hosts().contains(host.name());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.rules().nextTo().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Host %s has none of the servers that %s shall be with (same_host)."
            .formatted(host.name(), spec.server()),
        "a host with a server of same_host",
        "one with none of them",
        "a server of its hint same_host moves there");
  }
}
