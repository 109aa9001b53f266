package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import java.util.List;
import java.util.Optional;

/**
 * A host can give the guest every feature its processor has now, and may have more. What its source
 * does not say is not compared.
 */
record CpuFeaturesFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<List<String>> has = guestHas(spec);
    return has.isEmpty()
        || host.report().offers().isEmpty()
        || host.facts().cpuFeatures().containsAll(has.get());
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return guestHas(spec).isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    List<String> has = guestHas(spec).orElseThrow();
    List<String> missing =
        has.stream().filter(feature -> !host.facts().cpuFeatures().contains(feature)).toList();
    return refusal(
        ErrorCode.DESTINATION_LACKS_CPU_FEATURE,
        "Unable to migrate %s to %s: the processor there lacks %s."
            .formatted(spec.server(), host.name(), String.join(", ", missing)),
        "the %d features of the guest's processor".formatted(has.size()),
        "all but " + String.join(", ", missing));
  }

  @Override
  public boolean canBeHelped() {
    return false;
  }

  private static Optional<List<String>> guestHas(RequestSpec spec) {
    return spec.source()
        .filter(_ -> spec.wanted().guest().isPresent())
        .flatMap(source -> source.report().offers())
        .flatMap(offers -> offers.guestCpuFeatures());
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
