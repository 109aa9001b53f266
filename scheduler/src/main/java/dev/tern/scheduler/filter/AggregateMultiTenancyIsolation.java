package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * Hosts of an aggregate with {@code filter_tenant_id} take servers of the projects that are named
 * there only.
 */
record AggregateMultiTenancyIsolation() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return host.facts().aggregates().isEmpty() || against(host, spec).isEmpty();
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

  private static Optional<Map<String, String>> against(HostState host, RequestSpec spec) {
    return host.facts().aggregates().stream()
        .filter(metadata -> metadata.keySet().stream().anyMatch(key -> key.startsWith(KEY)))
        .filter(metadata ->
            metadata.entrySet().stream()
                .filter(option -> option.getKey().startsWith(KEY))
                .flatMap(option -> Arrays.stream(option.getValue().split(",", -1)))
                .map(String::strip)
                .noneMatch(spec.rules().asks().project()::equals))
        .findFirst();
  }

  private static final String KEY = "filter_tenant_id";
}
