package dev.tern.api.disks;

import dev.tern.api.errors.Refusals;
import dev.tern.contract.VmState;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Set;

/** Only to refuse early and in Nova's words; what counts is the store's compare-and-set. */
final class CopyChecks {
  private static final Set<VmState> WITH_DISKS =
      Set.of(VmState.ACTIVE, VmState.PAUSED, VmState.STOPPED);

  private CopyChecks() {}

  static void requireFree(ServerRecord server, String action) {
    if (!WITH_DISKS.contains(server.vmState())) {
      throw Refusals.wrongState(action, server.id(), "vm_state", server.vmState().wire());
    }
    server
        .task()
        .ifPresent(task -> {
          throw Refusals.wrongState(action, server.id(), "task_state", task.wire());
        });
  }
}
