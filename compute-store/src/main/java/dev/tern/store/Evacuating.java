package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.Requests.Refusals;
import dev.tern.store.SagaStore.SagaKind;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Which servers are evacuated, and what ends for it. */
final class Evacuating {
  static final String ACTION = "evacuate";

  /** What became of a fenced host's right to have the server again. */
  static final String OVERTAKEN = "the server was evacuated from it";

  /** The dead host alone could carry these out, and what they were for is gone with the guest. */
  private static final Set<SagaKind> GONE_WITH_THE_HOST =
      EnumSet.of(
          SagaKind.START,
          SagaKind.STOP,
          SagaKind.REBOOT,
          SagaKind.HARD_REBOOT,
          SagaKind.PAUSE,
          SagaKind.UNPAUSE,
          SagaKind.SUSPEND,
          SagaKind.VOLUME_ATTACH,
          SagaKind.VOLUME_DETACH);

  private Evacuating() {}

  /**
   * Passes a server that can be evacuated, whatever its dead host was asked to do with it.
   *
   * @param unfinished sagas of the server
   */
  static void guard(ServerEntity server, List<SagaEntity> unfinished) {
    ServerId id = new ServerId(server.id);
    if (!EnumSet.of(VmState.ACTIVE, VmState.STOPPED, VmState.ERROR).contains(server.vmState)) {
      throw Refusals.invalidState(id, ACTION, "vm_state " + server.vmState.wire());
    }
    Requests.guardHost(server, ACTION);
    for (SagaEntity saga : unfinished) {
      if (!GONE_WITH_THE_HOST.contains(saga.kind)) {
        throw Refusals.invalidState(
            id,
            ACTION,
            "task_state " + (server.task == null ? "None" : server.task.wire()) + hint(saga));
      }
    }
  }

  /** What {@link #guard} throws. */
  static Optional<ComputeException> objection(
      Optional<ServerEntity> found, ServerId id, Supplier<List<SagaEntity>> unfinished) {
    Optional<ServerEntity> server = found.filter(it -> it.vmState != VmState.DELETED);
    if (server.isEmpty()) {
      return Optional.of(Refusals.noServer(id));
    }
    try {
      guard(server.get(), unfinished.get());
      return Optional.empty();
    } catch (ComputeException refused) {
      return Optional.of(refused);
    }
  }

  private static String hint(SagaEntity saga) {
    return saga.kind == SagaKind.LIVE_MIGRATION
        ? ": resolve migration %s first".formatted(saga.migration)
        : "";
  }

  static Failure overtaken(String host) {
    return new Failure(
        ErrorCode.AGENT_NO_ANSWER,
        "Host %s is down, and the server is made anew elsewhere.".formatted(host));
  }

  static ComputeException notFenced(String host) {
    return new ComputeException(
        ErrorCode.HOST_NOT_FENCED, "Compute service of %s is still in use.".formatted(host), null);
  }

  static void requireOf(EvacuationEntity evacuation, SagaEntity saga) {
    if (!evacuation.saga.equals(saga.id)) {
      throw new IllegalArgumentException(
          "saga %s is not of evacuation %s".formatted(saga.id, evacuation.uuid));
    }
  }

  /** The server is there, with its guest or without. */
  static void is(ServerEntity server, VmState state, Instant now) {
    server.vmState = state;
    server.power =
        switch (state) {
          case ACTIVE -> PowerState.RUNNING;
          case STOPPED -> PowerState.SHUTDOWN;
          case BUILDING, PAUSED, SUSPENDED, RESIZED, ERROR, DELETED ->
              throw new IllegalArgumentException("not " + state);
        };
    server.fault(null, now);
  }
}
