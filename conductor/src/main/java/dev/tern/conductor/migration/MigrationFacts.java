package dev.tern.conductor.migration;

import dev.tern.conductor.saga.SagaFacts;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a live migration knows. Kept as JSON after each step; fields unknown to a conductor are
 * ignored and missing ones empty, so that two versions can run side by side.
 *
 * @param guest what moves, as its host described it
 * @param candidate the destination, chosen and claimed
 * @param turnedDown the candidate before, still to be cleared away
 * @param refused hosts that failed a check, and why
 * @param planned all checks passed
 * @param incoming where the destination listens
 * @param handedOver what the source said of the hand-over
 * @param arrived what the destination said of the arrival
 * @param lost the guest died where it ran
 */
public record MigrationFacts(
    Optional<SourceFacts> guest,
    Optional<Candidate> candidate,
    Optional<Candidate> turnedDown,
    @Nullable Map<HostName, Failure> refused,
    boolean planned,
    Optional<IncomingReady> incoming,
    Optional<HandedOver> handedOver,
    Optional<Arrived> arrived,
    boolean lost,
    Optional<Failure> failure)
    implements SagaFacts<MigrationFacts> {

  public MigrationFacts {
    refused = refused == null ? Map.of() : Map.copyOf(refused);
  }

  /** At the beginning. */
  public static MigrationFacts none() {
    return new MigrationFacts(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        Optional.empty());
  }

  Map<HostName, Failure> refusals() {
    return refused == null ? Map.of() : refused;
  }

  SourceFacts described() {
    return guest.orElseThrow(() -> new IllegalStateException("the source is not described yet"));
  }

  Candidate destination() {
    return candidate.orElseThrow(() -> new IllegalStateException("no destination is chosen yet"));
  }

  IncomingReady listening() {
    return incoming.orElseThrow(() -> new IllegalStateException("the destination is not ready"));
  }

  MigrationFacts describedBy(SourceFacts facts) {
    return new MigrationFacts(
        Optional.of(facts),
        candidate,
        turnedDown,
        refused,
        planned,
        incoming,
        handedOver,
        arrived,
        lost,
        failure);
  }

  MigrationFacts chosen(Candidate host) {
    return new MigrationFacts(
        guest,
        Optional.of(host),
        Optional.empty(),
        refused,
        planned,
        incoming,
        handedOver,
        arrived,
        lost,
        failure);
  }

  /** No candidate is left to clear away. */
  MigrationFacts released() {
    return new MigrationFacts(
        guest,
        Optional.empty(),
        Optional.empty(),
        refused,
        planned,
        incoming,
        handedOver,
        arrived,
        lost,
        failure);
  }

  /** The candidate failed a check; it is still to be cleared away. */
  MigrationFacts turnDown(Failure why) {
    Map<HostName, Failure> more = new HashMap<>(refusals());
    more.put(destination().host(), why);
    return new MigrationFacts(
        guest,
        Optional.empty(),
        candidate,
        more,
        planned,
        incoming,
        handedOver,
        arrived,
        lost,
        failure);
  }

  MigrationFacts checksPassed() {
    return new MigrationFacts(
        guest, candidate, turnedDown, refused, true, incoming, handedOver, arrived, lost, failure);
  }

  MigrationFacts listeningAt(IncomingReady ready) {
    return new MigrationFacts(
        guest,
        candidate,
        turnedDown,
        refused,
        planned,
        Optional.of(ready),
        handedOver,
        arrived,
        lost,
        failure);
  }

  MigrationFacts sent(HandedOver said) {
    return new MigrationFacts(
        guest,
        candidate,
        turnedDown,
        refused,
        planned,
        incoming,
        Optional.of(said),
        arrived,
        lost,
        failure);
  }

  /** The source's QEMU cannot run the guest by itself any more. */
  MigrationFacts letGo() {
    return sent(
        handedOver
            .map(said ->
                new HandedOver(
                    said.sent(), said.reason(), said.stamps(), said.moved(), Optional.of(true)))
            .orElseGet(() ->
                new HandedOver(true, "", Optional.empty(), Optional.empty(), Optional.of(true))));
  }

  /** The guest is let run only once its source has let go, so post-copy is possible. */
  boolean destinationAwaitsSource() {
    return incoming.flatMap(IncomingReady::awaitsSource).orElse(false);
  }

  /** Empty while the source may still fail, or is not known not to. */
  Optional<Boolean> sourceLetGo() {
    return handedOver.flatMap(HandedOver::letGo).filter(Boolean::booleanValue);
  }

  MigrationFacts arrivedWith(Arrived said) {
    return new MigrationFacts(
        guest,
        candidate,
        turnedDown,
        refused,
        planned,
        incoming,
        handedOver,
        Optional.of(said),
        lost,
        failure);
  }

  MigrationFacts guestLost() {
    return new MigrationFacts(
        guest,
        candidate,
        turnedDown,
        refused,
        planned,
        incoming,
        handedOver,
        arrived,
        true,
        failure);
  }

  @Override
  public MigrationFacts failedWith(Failure why) {
    return failure.isPresent()
        ? this
        : new MigrationFacts(
            guest,
            candidate,
            turnedDown,
            refused,
            planned,
            incoming,
            handedOver,
            arrived,
            lost,
            Optional.of(why));
  }
}
