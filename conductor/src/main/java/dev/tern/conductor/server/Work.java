package dev.tern.conductor.server;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.Optional;

/** One operation on a server being run: what its actors share. */
public record Work(
    ServerRecord server,
    RequestId request,
    Asking asking,
    Hold hold,
    SagaLog log,
    ServerSettings settings) {
  private static final Duration SHORT_SILENCE = Duration.ofSeconds(5);

  Header header() {
    return new Header(request, server.id(), server.epoch(), Optional.empty());
  }

  Patience forBuilding() {
    return new Patience(settings.silence(), settings.buildDeadline());
  }

  /** Neither half of a reboot is wanted: a host that is away is waited for. */
  Patience forRebooting() {
    return new Patience(settings.buildDeadline(), settings.buildDeadline());
  }

  /** For what is repeated anyway. */
  Patience forRepeating() {
    return new Patience(SHORT_SILENCE, settings.buildDeadline());
  }
}
