package dev.tern.conductor.cold;

import dev.tern.conductor.saga.SagaFacts;
import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentResult.ColdDisks;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a cold migration, its confirmation or its reversal knows.
 *
 * @param epoch of the request that this carries out
 * @param runs the guest ran when it began
 * @param source what has to move
 * @param destination where it is to be
 * @param claim on it
 * @param turnedDown a destination that failed, and is to be cleared
 * @param refusals of destinations that failed, with why
 * @param files on their way
 * @param tries how often they were sent
 * @param leftAt hosts that may have something of it, and did not answer when that was to go
 * @param trouble why the guest, which was to run again, does not
 */
public record ColdFacts(
    long epoch,
    boolean runs,
    Optional<SourceFacts> source,
    Optional<HostName> destination,
    Optional<ClaimId> claim,
    Optional<HostName> turnedDown,
    Map<HostName, Failure> refusals,
    Optional<ColdDisks> files,
    int tries,
    List<HostName> leftAt,
    Optional<Failure> trouble,
    Optional<Failure> failure)
    implements SagaFacts<ColdFacts> {
  public ColdFacts {
    refusals = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(refusals));
    leftAt = List.copyOf(leftAt);
  }

  /** At the beginning. */
  public static ColdFacts of(long epoch, boolean runs, Optional<HostName> destination) {
    return new ColdFacts(
        epoch,
        runs,
        Optional.empty(),
        destination,
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        Optional.empty(),
        0,
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  SourceFacts described() {
    return source.orElseThrow(() -> new IllegalStateException("the server is not described yet"));
  }

  HostName place() {
    return destination.orElseThrow(() -> new IllegalStateException("no host is chosen yet"));
  }

  ColdFacts described(SourceFacts now) {
    return new ColdFacts(
        epoch,
        runs,
        Optional.of(now),
        destination,
        claim,
        turnedDown,
        refusals,
        files,
        tries,
        leftAt,
        trouble,
        failure);
  }

  ColdFacts chosen(HostName host, ClaimId share) {
    return new ColdFacts(
        epoch,
        runs,
        source,
        Optional.of(host),
        Optional.of(share),
        Optional.empty(),
        refusals,
        files,
        tries,
        leftAt,
        trouble,
        failure);
  }

  /** The next one, please. */
  ColdFacts turnDown(Failure why) {
    Map<HostName, Failure> all = new LinkedHashMap<>(refusals);
    all.put(place(), why);
    return new ColdFacts(
        epoch,
        runs,
        source,
        Optional.empty(),
        Optional.empty(),
        destination,
        all,
        files,
        tries,
        leftAt,
        trouble,
        failure);
  }

  /** What was sent, once more. */
  ColdFacts sent(ColdDisks now) {
    return new ColdFacts(
        epoch,
        runs,
        source,
        destination,
        claim,
        turnedDown,
        refusals,
        Optional.of(now),
        tries + 1,
        leftAt,
        trouble,
        failure);
  }

  /** It does not answer: what it has goes when it is back. */
  ColdFacts left(HostName host) {
    if (leftAt.contains(host)) {
      return this;
    }
    List<HostName> all = new ArrayList<>(leftAt);
    all.add(host);
    return new ColdFacts(
        epoch,
        runs,
        source,
        destination,
        claim,
        turnedDown,
        refusals,
        files,
        tries,
        all,
        trouble,
        failure);
  }

  /** The guest is to run again, and does not. */
  ColdFacts stands(Failure why) {
    return new ColdFacts(
        epoch,
        runs,
        source,
        destination,
        claim,
        turnedDown,
        refusals,
        files,
        tries,
        leftAt,
        Optional.of(why),
        failure);
  }

  @Override
  public ColdFacts failedWith(Failure why) {
    return failure.isPresent()
        ? this
        : new ColdFacts(
            epoch,
            runs,
            source,
            destination,
            claim,
            turnedDown,
            refusals,
            files,
            tries,
            leftAt,
            trouble,
            Optional.of(why));
  }
}
