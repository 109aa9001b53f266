package dev.tern.store;

import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Map;
import java.util.SortedSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

final class InMemoryServerEditStore implements ServerEditStore {
  private final Memory memory;

  InMemoryServerEditStore(Memory memory) {
    this.memory = memory;
  }

  private ServerRecord change(ServerId id, Consumer<EditedServer> change) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      change.accept(new EditedServer(server, memory.now));
      return server.toRecord();
    }
  }

  private ServerRecord change(
      ServerId id, String action, Requested by, Consumer<EditedServer> change) {
    synchronized (memory) {
      ServerRecord changed = change(id, change);
      ActionEntity _ = memory.open(id.value(), action, by);
      return changed;
    }
  }

  @Override
  public ServerRecord edit(ServerId id, Edit edit) {
    return change(id, server -> server.edit(edit));
  }

  @Override
  public ServerRecord changeMetadata(
      ServerId id, String action, UnaryOperator<Map<String, String>> change) {
    return change(id, server -> server.metadata(action, change));
  }

  @Override
  public ServerRecord changeTags(
      ServerId id, String action, UnaryOperator<SortedSet<String>> change) {
    return change(id, server -> server.tags(action, change));
  }

  @Override
  public ServerRecord lock(ServerId id, ServerLock lock, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      if (new EditedServer(server, memory.now).lock(lock)) {
        ActionEntity _ = memory.open(server.id, "lock", by);
      }
      return server.toRecord();
    }
  }

  @Override
  public ServerRecord unlock(ServerId id, Requested by) {
    return change(id, "unlock", by, EditedServer::unlock);
  }

  @Override
  public ServerRecord resetState(ServerId id, VmState state, Requested by) {
    return change(id, "resetState", by, server -> server.reset(state));
  }
}
