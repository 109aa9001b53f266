package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;

/** The hint {@code different_host}: not with these servers. */
record DifferentHostFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return !spec.rules().apartFrom().hosts().contains(host.name());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return !spec.rules().apartFrom().hosts().isEmpty();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Host %s has a server that %s shall not be with (different_host)."
            .formatted(host.name(), spec.server()),
        "a host without the servers of different_host",
        "one with such a server",
        "the servers of its hint different_host move away");
  }
}
