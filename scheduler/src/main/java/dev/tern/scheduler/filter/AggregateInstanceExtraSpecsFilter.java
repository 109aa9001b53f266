package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the flavor's {@code aggregate_instance_extra_specs:KEY} ask is met by the metadata of the
 * host's aggregates: each key by one of them. Extra specs of other scopes ask nothing of hosts.
 */
record AggregateInstanceExtraSpecsFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Map<String, String> specs = spec.rules().asks().extraSpecs();
    return specs.isEmpty() || unmet(host, specs).isEmpty();
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.rules().asks().extraSpecs().keySet().stream()
        .anyMatch(key -> key.startsWith(SCOPE));
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    Map.Entry<String, String> unmet = unmet(host, spec.rules().asks().extraSpecs()).orElseThrow();
    String key = unmet.getKey().substring(SCOPE.length());
    List<String> there = values(host, key);
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Host %s is in no aggregate where %s is %s, as the flavor of %s asks."
            .formatted(host.name(), key, unmet.getValue(), spec.server()),
        "%s: %s".formatted(key, unmet.getValue()),
        there.isEmpty() ? "no aggregate with " + key : String.join(", ", there),
        "it is put into an aggregate where %s is %s".formatted(key, unmet.getValue()));
  }

  private static final String SCOPE = "aggregate_instance_extra_specs:";

  private static Optional<Map.Entry<String, String>> unmet(
      HostState host, Map<String, String> specs) {
    return specs.entrySet().stream()
        .filter(asked -> asked.getKey().startsWith(SCOPE))
        .filter(asked ->
            values(host, asked.getKey().substring(SCOPE.length())).stream()
                .noneMatch(value -> ExtraSpecs.matches(value, asked.getValue())))
        .min(Map.Entry.comparingByKey());
  }

  private static List<String> values(HostState host, String key) {
    return host.facts().aggregates().stream()
        .filter(metadata -> metadata.containsKey(key))
        .flatMap(metadata -> Aggregates.values(metadata.get(key)).stream())
        .toList();
  }
}
