package dev.tern.conductor.evacuation;

import dev.tern.conductor.saga.SagaFacts;
import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an evacuation knows.
 *
 * @param destination where the server is to be
 * @param claim on it
 * @param turnedDown a destination that failed, and is to be cleared
 * @param refusals of destinations that failed, with why
 * @param leftAt hosts that may have something of it, and did not answer when that was to go
 * @param ownerChanged the server is the destination's
 */
public record EvacuationFacts(
    Optional<HostName> destination,
    Optional<ClaimId> claim,
    Optional<HostName> turnedDown,
    Map<HostName, Failure> refusals,
    List<HostName> leftAt,
    boolean ownerChanged,
    Optional<Failure> failure)
    implements SagaFacts<EvacuationFacts> {
  public EvacuationFacts {
    refusals = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(refusals));
    leftAt = List.copyOf(leftAt);
  }

  /** At the beginning. */
  public static EvacuationFacts none() {
    return new EvacuationFacts(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        List.of(),
        false,
        Optional.empty());
  }

  HostName place() {
    return destination.orElseThrow(() -> new IllegalStateException("no host is chosen yet"));
  }

  EvacuationFacts chosen(HostName host, ClaimId share) {
    return new EvacuationFacts(
        Optional.of(host),
        Optional.of(share),
        Optional.empty(),
        refusals,
        leftAt,
        ownerChanged,
        failure);
  }

  /** The next one, please. */
  EvacuationFacts turnDown(Failure why) {
    Map<HostName, Failure> all = new LinkedHashMap<>(refusals);
    all.put(place(), why);
    return new EvacuationFacts(
        Optional.empty(), Optional.empty(), destination, all, leftAt, ownerChanged, failure);
  }

  /** What the turned down destination had of it is gone. */
  EvacuationFacts cleared() {
    return new EvacuationFacts(
        destination, claim, Optional.empty(), refusals, leftAt, ownerChanged, failure);
  }

  /** It does not answer: what it has goes when it is back. */
  EvacuationFacts left(HostName host) {
    LinkedHashSet<HostName> all = new LinkedHashSet<>(leftAt);
    all.add(host);
    return new EvacuationFacts(
        destination, claim, turnedDown, refusals, List.copyOf(all), ownerChanged, failure);
  }

  EvacuationFacts hasOwner() {
    return new EvacuationFacts(destination, claim, turnedDown, refusals, leftAt, true, failure);
  }

  @Override
  public EvacuationFacts failedWith(Failure why) {
    return failure.isPresent()
        ? this
        : new EvacuationFacts(
            destination, claim, turnedDown, refusals, leftAt, ownerChanged, Optional.of(why));
  }
}
