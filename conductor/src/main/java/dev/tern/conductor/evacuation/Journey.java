package dev.tern.conductor.evacuation;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.Optional;

/** One evacuation being run: what its actors share. */
public record Journey(
    EvacuationRecord evacuation,
    ServerRecord server,
    Asking asking,
    Hold hold,
    SagaLog log,
    ServerSettings settings) {
  private static final Duration SHORT_SILENCE = Duration.ofSeconds(5);

  /** Of the evacuation's epoch, also when the server is asked to be deleted meanwhile. */
  Header header() {
    return new Header(evacuation.request(), server.id(), evacuation.epoch(), Optional.empty());
  }

  Patience forBuilding() {
    return new Patience(settings.silence(), settings.buildDeadline());
  }

  /** For what is owed to a host that does not answer. */
  Patience forClearing() {
    return new Patience(SHORT_SILENCE, settings.buildDeadline());
  }
}
