package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The host runs what the image is made for: {@code hw_architecture}, {@code img_hv_type} and {@code
 * img_hv_requested_version}.
 */
record ImagePropertiesFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return unmet(host, spec).isEmpty();
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return ASKING.stream().anyMatch(spec.rules().asks().imageProperties()::containsKey);
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    Unmet unmet = unmet(host, spec).orElseThrow();
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Host %s has %s %s, and the image of %s asks for %s."
            .formatted(host.name(), unmet.property(), unmet.there(), spec.server(), unmet.asked()),
        "%s %s".formatted(unmet.property(), unmet.asked()),
        unmet.there());
  }

  @Override
  public boolean canBeHelped() {
    return false;
  }

  private record Unmet(String property, String asked, String there) {}

  private static Optional<Unmet> unmet(HostState host, RequestSpec spec) {
    Map<String, String> image = spec.rules().asks().imageProperties();
    if (image.isEmpty()) {
      return Optional.empty();
    }
    return unmet("hw_architecture", image.get("hw_architecture"), "x86_64", ARCHITECTURES)
        .or(() -> unmet("architecture", image.get("architecture"), "x86_64", ARCHITECTURES))
        .or(() ->
            unmet(
                "img_hv_type",
                image.get("img_hv_type"),
                hypervisors(host).getFirst(),
                hypervisors(host)))
        .or(() -> version(host, image.get("img_hv_requested_version")));
  }

  private static final List<String> ASKING =
      List.of("hw_architecture", "architecture", "img_hv_type", "img_hv_requested_version");

  private static final List<String> ARCHITECTURES = List.of("x86_64", "amd64");

  private static List<String> hypervisors(HostState host) {
    String type = host.report().hypervisorType().toLowerCase(Locale.ROOT);
    return host.report().accelerator().equals("kvm") ? List.of(type, "kvm") : List.of(type);
  }

  private static Optional<Unmet> unmet(
      String property, @Nullable String asked, String there, List<String> met) {
    return asked == null || met.contains(asked.toLowerCase(Locale.ROOT))
        ? Optional.empty()
        : Optional.of(new Unmet(property, asked, there));
  }

  private static Optional<Unmet> version(HostState host, @Nullable String asked) {
    String there = host.report().hypervisorVersionText();
    return asked == null || VersionRange.contains(asked, host.report().hypervisorVersion())
        ? Optional.empty()
        : Optional.of(new Unmet("img_hv_requested_version", asked, there));
  }
}
