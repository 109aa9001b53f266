package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.Optional;

/** The host is in the zone that was asked for. */
record AvailabilityZoneFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<String> zone = spec.rules().zone();
    return zone.isEmpty() || zone.get().equals(host.facts().zone());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.rules().zone().isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    String needed = spec.rules().zone().orElseThrow();
    String there = host.facts().zone();
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Host %s is in availability zone %s, and %s is asked for in %s."
            .formatted(host.name(), there, spec.server(), needed),
        needed,
        there,
        "it is put into availability zone %s".formatted(needed));
  }
}
