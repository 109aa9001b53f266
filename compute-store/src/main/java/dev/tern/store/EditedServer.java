package dev.tern.store;

import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.Requests.Refusals;
import dev.tern.store.ServerEditStore.Edit;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** A server's row while it is locked for a change. */
record EditedServer(ServerEntity row, Instant now) {
  private static final Set<VmState> LABELLED =
      Set.of(VmState.ACTIVE, VmState.PAUSED, VmState.SUSPENDED, VmState.STOPPED);

  void edit(Edit edit) {
    edit.name().ifPresent(name -> row.name = name);
    edit.description().ifPresent(description -> row.description = description.orElse(null));
    edit.hostname().ifPresent(hostname -> row.hostname = hostname);
    edit.accessIpV4().ifPresent(address -> row.accessIpV4 = address);
    edit.accessIpV6().ifPresent(address -> row.accessIpV6 = address);
    edit.autoDisk().ifPresent(auto -> row.diskConfig = ServerEntity.diskConfig(auto));
    row.updatedAt = now;
  }

  void metadata(String action, UnaryOperator<Map<String, String>> change) {
    requireLabelled(action);
    row.metadata = Json.ofTexts(change.apply(new TreeMap<>(Json.texts(row.metadata))));
    row.updatedAt = now;
  }

  void tags(String action, UnaryOperator<SortedSet<String>> change) {
    requireLabelled(action);
    row.tags = change.apply(new TreeSet<>(List.of(row.tags))).toArray(String[]::new);
    row.updatedAt = now;
  }

  private void requireLabelled(String action) {
    if (!LABELLED.contains(row.vmState)) {
      throw Refusals.invalidState(new ServerId(row.id), action, "vm_state " + row.vmState.wire());
    }
  }

  /** False when its owner has locked it before. */
  boolean lock(ServerLock lock) {
    if (row.lockedBy != null && lock.by() == ServerLock.By.OWNER) {
      return false;
    }
    row.lockedBy = lock.by();
    row.lockedReason = lock.reason().orElse(null);
    row.updatedAt = now;
    return true;
  }

  void unlock() {
    row.lockedBy = null;
    row.lockedReason = null;
    row.updatedAt = now;
  }

  void reset(VmState state) {
    if (state != VmState.ACTIVE && state != VmState.ERROR) {
      throw new IllegalArgumentException("a state is reset to active or error, not " + state);
    }
    ColdMoving.guardReset(row);
    Requests.guardTask(row, "resetState");
    if (state == VmState.ACTIVE) {
      Requests.guardHost(row, "resetState");
    }
    row.vmState = state;
    row.updatedAt = now;
  }
}
