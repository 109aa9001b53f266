package dev.tern.store;

import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.Map;
import java.util.SortedSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateServerEditStore implements ServerEditStore {
  private final Rows rows;
  private final Requests requests;

  HibernateServerEditStore(Rows rows, Requests requests) {
    this.rows = rows;
    this.requests = requests;
  }

  private ServerRecord change(ServerId id, Consumer<EditedServer> change) {
    ServerEntity server = requests.server(id);
    change.accept(new EditedServer(server, rows.now()));
    return server.toRecord();
  }

  private ServerRecord change(
      ServerId id, String action, Requested by, Consumer<EditedServer> change) {
    ServerEntity server = requests.server(id);
    Instant now = rows.now();
    change.accept(new EditedServer(server, now));
    ActionEntity _ = requests.open(server.id, action, by, now);
    return server.toRecord();
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
    ServerEntity server = requests.server(id);
    Instant now = rows.now();
    if (new EditedServer(server, now).lock(lock)) {
      ActionEntity _ = requests.open(server.id, "lock", by, now);
    }
    return server.toRecord();
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
