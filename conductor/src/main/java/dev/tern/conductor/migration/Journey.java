package dev.tern.conductor.migration;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.Saga.Action;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.conductor.saga.Ticker;
import dev.tern.contract.HostName;
import dev.tern.contract.Pause;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Duration;
import java.util.Optional;

/** One migration being run: what its actors share. */
public record Journey(
    MigrationRecord migration,
    RequestId request,
    Asking asking,
    Hold hold,
    ActionEvents events,
    SagaLog log,
    Ticker ticker,
    Pause pause,
    MigrationSettings settings,
    Fencing fencing) {

  /** How long an agent is asked once before somebody else is asked about the same. */
  private static final Duration SHORT_SILENCE = Duration.ofSeconds(5);

  HostName source() {
    return migration.source();
  }

  Header header() {
    return new Header(request, migration.server(), migration.epoch(), Optional.of(migration.id()));
  }

  Patience forCheck() {
    return new Patience(settings.silence(), settings.checkDeadline());
  }

  Patience forPreparing() {
    return new Patience(settings.silence(), settings.prepareDeadline());
  }

  /** For what is repeated anyway. */
  Patience forRepeating() {
    return new Patience(SHORT_SILENCE, settings.prepareDeadline());
  }

  Duration shortSilence() {
    return SHORT_SILENCE;
  }

  /** What comes of asking a host for the guest. Asks once. */
  Word wordOf(HostName host) throws InterruptedException {
    return Word.of(asking.once(host, new AgentRequest.AskGuest(header())));
  }

  /** What a host says of the guest; empty when it does not say, for whatever reason. Asks once. */
  Optional<GuestReport> guestAt(HostName host) throws InterruptedException {
    return wordOf(host).report();
  }

  /**
   * Does what the host has to do. Not when it was stated to be dead and is silent: what it has is
   * left to be cleared when it comes back. A host that was busy for too long, and any while there
   * is no broker, is not silent.
   */
  MigrationFacts unlessFenced(HostName host, MigrationFacts facts, Action<MigrationFacts> work)
      throws StepFailed, InterruptedException {
    if (fencing.reliedOn(host)) {
      return facts;
    }
    try {
      return work.run(facts);
    } catch (StepFailed failed) {
      if (failed.effect() == StepFailed.Effect.NO_ANSWER
          && fencing.stated(host)
          && wordOf(host) instanceof Word.Silent
          && fencing.relyOn(host)) {
        return facts;
      }
      throw failed;
    }
  }
}
