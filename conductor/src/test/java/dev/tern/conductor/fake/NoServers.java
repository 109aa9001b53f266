package dev.tern.conductor.fake;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore;
import dev.tern.store.ServerStore;
import java.util.List;
import java.util.Optional;

/** Not touched by a migration. */
class NoServers implements ServerStore {
  @Override
  public Optional<ServerRecord> find(ServerId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public Optional<ServerRecord> findEvenDeleted(ServerId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public List<ServerRecord> list(ServerQuery query) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public Usage usage(String project) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public ServerRecord requestCreate(NewServer server, Requested by) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public ServerRecord requestStart(ServerId id, Requested by) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public ServerRecord requestStop(ServerId id, Requested by) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public ServerRecord requestDelete(ServerId id, Requested by) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public void placed(SagaStore.Lease lease, ServerId id, HostName host, ClaimId claim) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public void running(SagaStore.Lease lease, ServerId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public void stopped(SagaStore.Lease lease, ServerId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public void failed(
      SagaStore.Lease lease,
      ServerId id,
      VmState vmState,
      PowerState power,
      Failure failure,
      boolean release) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public void deleted(SagaStore.Lease lease, ServerId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public boolean guestEnded(ServerId id, HostName host) {
    throw new UnsupportedOperationException("not part of a migration");
  }
}
