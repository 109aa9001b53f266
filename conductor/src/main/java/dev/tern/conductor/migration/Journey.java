package dev.tern.conductor.migration;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.conductor.saga.Ticker;
import dev.tern.contract.HostName;
import dev.tern.contract.Pause;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.amqp.Asked;
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

  /** What a host says of the guest; empty when it does not say. Asks once. */
  Optional<GuestReport> guestAt(HostName host) throws InterruptedException {
    return switch (asking.once(host, new AgentRequest.AskGuest(header()))) {
      case Asked.Answered(AgentAnswer.Done(GuestReport report)) -> Optional.of(report);
      case Asked.Answered(AgentAnswer.Done _) -> Optional.empty();
      case Asked.Answered(AgentAnswer.Working _) -> Optional.empty();
      case Asked.Answered(AgentAnswer.Refused _) -> Optional.empty();
      case Asked.NoAnswer<AgentAnswer> _ -> Optional.empty();
    };
  }
}
