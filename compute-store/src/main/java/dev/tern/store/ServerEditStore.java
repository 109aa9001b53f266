package dev.tern.store;

import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.function.UnaryOperator;

/**
 * Changes of a server that no conductor has a part in. Each is one transaction over its locked row,
 * so none is lost to another. All refuse with {@code INSTANCE_NOT_FOUND} a server that is not there
 * or is deleted.
 */
public interface ServerEditStore {
  /** What is absent stays. */
  ServerRecord edit(ServerId id, Edit edit);

  /**
   * Changes the metadata.
   *
   * @param action Nova's words for it
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_INVALID_STATE} when the server is
   *     neither ACTIVE, PAUSED, SUSPENDED nor STOPPED; and what {@code change} throws. Nothing is
   *     changed then
   */
  ServerRecord changeMetadata(
      ServerId id, String action, UnaryOperator<Map<String, String>> change);

  /** As {@link #changeMetadata}. */
  ServerRecord changeTags(ServerId id, String action, UnaryOperator<SortedSet<String>> change);

  /** Locks it, with an action; who owns it does not lock it again. */
  ServerRecord lock(ServerId id, ServerLock lock, Requested by);

  /** Harmless when it is not locked. With an action. */
  ServerRecord unlock(ServerId id, Requested by);

  /**
   * States what a server is. With an action.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_INVALID_STATE} while a task is under
   *     way, which ends by itself; and for {@code ACTIVE} when no host has the server
   */
  ServerRecord resetState(ServerId id, VmState state, Requested by);

  /**
   * What may be changed.
   *
   * @param description empty inside is none
   */
  record Edit(
      Optional<String> name,
      Optional<Optional<String>> description,
      Optional<String> hostname,
      Optional<String> accessIpV4,
      Optional<String> accessIpV6,
      Optional<Boolean> autoDisk) {}
}
