package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.Map;
import java.util.Optional;

/**
 * Hosts of an aggregate whose metadata names a property of the image take that image only with a
 * value that is named there.
 */
record AggregateImagePropertiesIsolation() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return against(host, spec).isEmpty();
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return !spec.rules().asks().imageProperties().isEmpty();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    Map.Entry<String, String> against = against(host, spec).orElseThrow();
    String has = String.valueOf(spec.rules().asks().imageProperties().get(against.getKey()));
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Host %s is in an aggregate for images whose %s is %s, and that of %s is %s."
            .formatted(host.name(), against.getKey(), against.getValue(), spec.server(), has),
        "%s: %s".formatted(against.getKey(), has),
        "%s: %s".formatted(against.getKey(), against.getValue()),
        "it leaves the aggregate where %s is %s".formatted(against.getKey(), against.getValue()));
  }

  private static Optional<Map.Entry<String, String>> against(HostState host, RequestSpec spec) {
    Map<String, String> image = spec.rules().asks().imageProperties();
    if (image.isEmpty() || host.facts().aggregates().isEmpty()) {
      return Optional.empty();
    }
    for (Map<String, String> metadata : host.facts().aggregates()) {
      for (Map.Entry<String, String> option : metadata.entrySet()) {
        String has = image.get(option.getKey());
        if (has != null && !Aggregates.values(option.getValue()).contains(has)) {
          return Optional.of(option);
        }
      }
    }
    return Optional.empty();
  }
}
