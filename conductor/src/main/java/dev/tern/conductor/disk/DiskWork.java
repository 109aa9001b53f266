package dev.tern.conductor.disk;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.conductor.saga.Ticker;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.Pause;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.Optional;

/** One operation on a disk being run: what its actors share. */
public record DiskWork(
    ServerRecord server,
    CopyRecord copy,
    RequestId request,
    Asking asking,
    Hold hold,
    Ticker ticker,
    Pause pause,
    SagaLog log,
    ServerSettings settings) {
  private static final Duration SHORT_SILENCE = Duration.ofSeconds(5);

  Header header() {
    return new Header(request, server.id(), server.epoch(), Optional.empty());
  }

  Patience forStarting() {
    return new Patience(settings.silence(), settings.buildDeadline());
  }

  /** For what is repeated anyway. */
  Patience forRepeating() {
    return new Patience(SHORT_SILENCE, settings.buildDeadline());
  }

  /** QEMU goes on without its agent, so the agent is waited for. */
  Duration silenceWhileCopying() {
    return settings.buildDeadline();
  }
}
