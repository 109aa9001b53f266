package dev.tern.conductor.cold;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.migration.MigrationSettings;
import dev.tern.conductor.migration.Source;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.conductor.saga.Ticker;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentResult;
import dev.tern.store.ActionStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.time.Duration;
import java.util.Optional;

/** One cold migration being run, confirmed or reverted: what its actors share. */
public record ColdJourney(
    ColdMigrationRecord migration,
    RequestId request,
    Asking asking,
    Hold hold,
    SagaLog log,
    HostStore hosts,
    ActionStore actions,
    ServerSettings settings,
    MigrationSettings moving,
    Duration downAfter,
    Ticker ticker) {
  private static final Duration SHORT_SILENCE = Duration.ofSeconds(5);
  private static final Duration LONGEST = Duration.ofDays(7);
  private static final Duration SLACK = Duration.ofMinutes(1);
  private static final long GIB = 1L << 30;

  Header header(ColdFacts facts) {
    return new Header(request, migration.server(), facts.epoch(), Optional.empty());
  }

  /** It became another one where it is. */
  public boolean stayed() {
    return migration.destination().equals(Optional.of(migration.source()));
  }

  /** Whether the scheduler may leave it where it is, to become another one there. */
  boolean mayStay() {
    return migration.resize() && migration.requestedHost().isEmpty() && settings.resizeOnSameHost();
  }

  /** The same where there is no other host that it could go to. */
  boolean mayStayIfAlone() {
    return migration.resize()
        && migration.requestedHost().isEmpty()
        && hosts.list(downAfter, 0, 2).size() == 1;
  }

  /** An event of the action, in Nova's words; it ends with the operation. */
  void event(String name, Optional<HostName> host) {
    actions.begin(migration.server(), request, name, host);
  }

  Patience forPreparing() {
    return new Patience(settings.silence(), settings.buildDeadline());
  }

  /** For what is owed to a host that does not answer, and what is repeated anyway. */
  Patience forClearing() {
    return new Patience(SHORT_SILENCE, settings.buildDeadline());
  }

  /** For reading or sending so many bytes. */
  Patience forMoving(long bytes) {
    return new Patience(settings.silence(), limits(bytes).deadline().plus(SLACK));
  }

  /** For sending, which its source gives up by itself: it knows how slow it is told to be. */
  Patience forSending() {
    return new Patience(settings.silence(), LONGEST);
  }

  /** Always the same, so that asking again is one effect; what changes is told beside it. */
  MoveLimits limits(long bytes) {
    return Source.limits(moving, Math.max(2, Math.ceilDiv(bytes, GIB)));
  }

  /** How fast it goes with such a share, 0 being as fast as it can. */
  long rate(Optional<Long> share) {
    long usual = moving.bytesPerSecond();
    return share.map(most -> usual == 0 ? most : Math.min(most, usual)).orElse(usual);
  }

  /** Asks for something that sends, and steers it meanwhile. */
  <R extends AgentResult> R askToSend(
      AgentRequest request, Class<R> result, Asking.Meanwhile steering)
      throws StepFailed, InterruptedException {
    steering.look();
    return asking.untilDone(migration.source(), request, result, forSending(), steering);
  }

  <R extends AgentResult> R ask(
      HostName host, AgentRequest request, Class<R> result, Patience patience)
      throws StepFailed, InterruptedException {
    return asking.untilDone(host, request, result, patience);
  }

  /**
   * What a host must have done; only one that an operator has stated to be down, and that does not
   * answer, is gone on without.
   */
  <R extends AgentResult> Optional<R> askUnlessFenced(
      HostName host, AgentRequest request, Class<R> result)
      throws StepFailed, InterruptedException {
    try {
      return Optional.of(ask(host, request, result, forClearing()));
    } catch (StepFailed failed) {
      if (isLost(host, failed)) {
        return Optional.empty();
      }
      throw failed;
    }
  }

  /** It did not answer, and an operator has stated that it is down. */
  boolean isLost(HostName host, StepFailed failed) {
    return failed.failure().code() == ErrorCode.AGENT_NO_ANSWER
        && hosts.find(host, downAfter).filter(HostRecord::forcedDown).isPresent();
  }

  /** Empty when the host does not answer: it is owed the request. */
  <R extends AgentResult> Optional<R> askOrOwe(HostName host, AgentRequest request, Class<R> result)
      throws StepFailed, InterruptedException {
    try {
      return Optional.of(ask(host, request, result, forClearing()));
    } catch (StepFailed failed) {
      if (failed.failure().code() == ErrorCode.AGENT_NO_ANSWER) {
        return Optional.empty();
      }
      throw failed;
    }
  }
}
