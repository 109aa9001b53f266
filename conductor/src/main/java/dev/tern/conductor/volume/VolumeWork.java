package dev.tern.conductor.volume;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.util.Optional;

/** One operation on a volume being run: what its actors share. */
public record VolumeWork(
    ServerRecord server,
    VolumeRecord volume,
    RequestId request,
    Asking asking,
    Hold hold,
    SagaLog log) {
  Header header() {
    return new Header(request, server.id(), server.epoch(), Optional.empty());
  }
}
