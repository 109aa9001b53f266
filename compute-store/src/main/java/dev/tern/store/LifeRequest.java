package dev.tern.store;

import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore.SagaKind;
import java.util.Set;

/** What can be asked of a server's guest, with the states that Nova asks for. */
public enum LifeRequest {
  /** It powers off by itself if it does so in time, and begins anew. */
  REBOOT("reboot", TaskState.REBOOTING, SagaKind.REBOOT),
  /** It begins anew, at once. */
  HARD_REBOOT("reboot", TaskState.REBOOTING_HARD, SagaKind.HARD_REBOOT),
  PAUSE("pause", TaskState.PAUSING, SagaKind.PAUSE),
  UNPAUSE("unpause", TaskState.UNPAUSING, SagaKind.UNPAUSE),
  /** Its memory goes into a file of its host, and its process ends. */
  SUSPEND("suspend", TaskState.SUSPENDING, SagaKind.SUSPEND),
  RESUME("resume", TaskState.RESUMING, SagaKind.RESUME);

  private final String action;
  private final TaskState task;
  private final SagaKind saga;

  LifeRequest(String action, TaskState task, SagaKind saga) {
    this.action = action;
    this.task = task;
    this.saga = saga;
  }

  private Set<VmState> states() {
    return switch (this) {
      case REBOOT, PAUSE, SUSPEND -> Set.of(VmState.ACTIVE);
      case HARD_REBOOT ->
          Set.of(VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED, VmState.ERROR);
      case RESUME -> Set.of(VmState.SUSPENDED);
      case UNPAUSE -> Set.of(VmState.PAUSED);
    };
  }

  String action() {
    return action;
  }

  TaskState task() {
    return task;
  }

  SagaKind saga() {
    return saga;
  }

  /** As {@link Requests#guard}; a server that no host has is in no state for any of this. */
  void guard(ServerEntity server) {
    Requests.guard(server, action, states());
    Requests.guardHost(server, action);
  }
}
