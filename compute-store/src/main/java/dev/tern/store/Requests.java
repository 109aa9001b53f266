package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What all requests have in common: their guard, and what they leave behind when they pass it. */
final class Requests {
  private final EntityManager entities;
  private final Rows rows;
  private final Supplier<UUID> newIds;

  Requests(EntityManager entities, Rows rows, Supplier<UUID> newIds) {
    this.entities = entities;
    this.rows = rows;
    this.newIds = newIds;
  }

  /** The server, locked; a deleted one is not found. */
  ServerEntity server(ServerId id) {
    return rows.lockServer(id.value())
        .filter(server -> server.vmState != VmState.DELETED)
        .orElseThrow(() -> Refusals.noServer(id));
  }

  /**
   * Passes a server that is in one of the states and has no task. The row is locked, so of two
   * requests at once the second sees the first one's task.
   */
  static void guard(ServerEntity server, String action, Set<VmState> states) {
    ServerId id = new ServerId(server.id);
    if (!states.contains(server.vmState)) {
      throw Refusals.invalidState(id, action, "vm_state " + server.vmState.wire());
    }
    guardTask(server, action);
  }

  /** Passes a server that a host has. */
  static void guardHost(ServerEntity server, String action) {
    if (server.host == null) {
      throw Refusals.invalidState(new ServerId(server.id), action, "no host");
    }
  }

  /** Passes a server to which nothing is being done. */
  static void guardTask(ServerEntity server, String action) {
    Optional<TaskState> task = Optional.ofNullable(server.task);
    if (task.isPresent()) {
      throw Refusals.invalidState(
          new ServerId(server.id), action, "task_state " + task.get().wire());
    }
  }

  /** New task and epoch, action, saga, and the message that wakes a conductor. */
  UUID accept(
      ServerEntity server,
      TaskState task,
      SagaKind kind,
      @Nullable UUID migration,
      String action,
      Requested by,
      Instant now) {
    server.task = task;
    server.epoch++;
    server.progress = 0;
    server.updatedAt = now;
    ActionEntity _ = open(server.id, action, by, now);
    SagaEntity saga = new SagaEntity();
    saga.id = newIds.get();
    saga.kind = kind;
    saga.server = server.id;
    saga.migration = migration;
    saga.request = by.request().value();
    saga.createdAt = now;
    entities.persist(saga);
    rows.wake(saga.id, now);
    return saga.id;
  }

  /** Opens an action. */
  ActionEntity open(UUID server, String name, Requested by, Instant now) {
    ActionEntity action = new ActionEntity();
    action.server = server;
    action.request = by.request().value();
    action.action = name;
    action.user = by.user();
    action.project = by.project();
    action.startedAt = now;
    action.updatedAt = now;
    entities.persist(action);
    return action;
  }

  /** Refusals in Nova's words. */
  static final class Refusals {
    private Refusals() {}

    static ComputeException noServer(ServerId id) {
      return new ComputeException(
          ErrorCode.INSTANCE_NOT_FOUND, "Instance %s could not be found.".formatted(id), null);
    }

    static ComputeException invalidState(ServerId id, String action, String state) {
      return new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE,
          "Cannot '%s' instance %s while it is in %s".formatted(action, id, state),
          null);
    }

    static ComputeException noMarker(Object marker) {
      return new ComputeException(
          ErrorCode.INVALID_INPUT, "Marker %s could not be found.".formatted(marker), null);
    }
  }
}
