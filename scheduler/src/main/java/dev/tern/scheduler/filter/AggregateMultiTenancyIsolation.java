package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.Set;

/**
 * Hosts of an aggregate with {@code filter_tenant_id} take servers of the projects that are named
 * there only.
 */
record AggregateMultiTenancyIsolation() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    for (Set<String> projects : host.facts().tenants()) {
      if (!projects.contains(spec.rules().asks().project())) {
        return false;
      }
    }
    return true;
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Host %s is in an aggregate for other projects than that of %s."
            .formatted(host.name(), spec.server()),
        "project " + spec.rules().asks().project(),
        "other projects",
        "its aggregate's filter_tenant_id names project " + spec.rules().asks().project());
  }
}
