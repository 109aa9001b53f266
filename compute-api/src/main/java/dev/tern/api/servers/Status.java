package dev.tern.api.servers;

import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Nova's {@code status}: what a server is and what is being done to it, in one word. */
enum Status {
  ACTIVE,
  BUILD,
  MIGRATING,
  PAUSED,
  SHUTOFF,
  ERROR,
  DELETED,
  REBOOT,
  HARD_REBOOT,
  REBUILD,
  RESIZE,
  REVERT_RESIZE,
  VERIFY_RESIZE,
  SUSPENDED,
  /** Words of Nova for states that no server has here: they are known, and match nothing. */
  PASSWORD,
  RESCUE,
  SHELVED,
  SHELVED_OFFLOADED,
  SOFT_DELETED,
  UNKNOWN;

  private static final Map<TaskState, Status> OF_ACTIVE =
      Map.of(
          TaskState.MIGRATING, MIGRATING,
          TaskState.REBOOTING, REBOOT,
          TaskState.REBOOTING_HARD, HARD_REBOOT);

  private static final Set<TaskState> REBUILDS =
      Set.of(
          TaskState.REBUILDING, TaskState.REBUILD_BLOCK_DEVICE_MAPPING, TaskState.REBUILD_SPAWNING);

  private static final Set<TaskState> RESIZES =
      Set.of(
          TaskState.RESIZE_PREP,
          TaskState.RESIZE_MIGRATING,
          TaskState.RESIZE_MIGRATED,
          TaskState.RESIZE_FINISH);

  static Status of(VmState vmState, Optional<TaskState> task) {
    if (task.filter(RESIZES::contains).isPresent() && RESIZE.vmStates().contains(vmState)) {
      return RESIZE;
    }
    if (task.filter(REBUILDS::contains).isPresent() && REBUILD.vmStates().contains(vmState)) {
      return REBUILD;
    }
    boolean migrating = task.filter(t -> t == TaskState.MIGRATING).isPresent();
    return switch (vmState) {
      case BUILDING -> BUILD;
      case ACTIVE -> task.flatMap(t -> Optional.ofNullable(OF_ACTIVE.get(t))).orElse(Status.ACTIVE);
      case PAUSED -> migrating ? MIGRATING : PAUSED;
      case SUSPENDED -> SUSPENDED;
      case STOPPED -> SHUTOFF;
      case RESIZED ->
          task.filter(t -> t == TaskState.RESIZE_REVERTING).isPresent()
              ? REVERT_RESIZE
              : VERIFY_RESIZE;
      case ERROR -> ERROR;
      case DELETED -> DELETED;
    };
  }

  /** The states of servers that may have this status. */
  Set<VmState> vmStates() {
    return switch (this) {
      case ACTIVE, REBOOT, HARD_REBOOT -> Set.of(VmState.ACTIVE);
      case BUILD -> Set.of(VmState.BUILDING);
      case MIGRATING -> Set.of(VmState.ACTIVE, VmState.PAUSED);
      case PAUSED -> Set.of(VmState.PAUSED);
      case SHUTOFF -> Set.of(VmState.STOPPED);
      case ERROR -> Set.of(VmState.ERROR);
      case DELETED -> Set.of(VmState.DELETED);
      case REBUILD -> Set.of(VmState.ACTIVE, VmState.STOPPED, VmState.ERROR);
      case RESIZE -> Set.of(VmState.ACTIVE, VmState.STOPPED);
      case REVERT_RESIZE, VERIFY_RESIZE -> Set.of(VmState.RESIZED);
      case SUSPENDED -> Set.of(VmState.SUSPENDED);
      case PASSWORD, RESCUE, SHELVED, SHELVED_OFFLOADED, SOFT_DELETED, UNKNOWN -> Set.of();
    };
  }

  /** What all servers of this status are at, if that says it. */
  Optional<TaskState> task() {
    return OF_ACTIVE.entrySet().stream()
        .filter(each -> each.getValue() == this)
        .map(Map.Entry::getKey)
        .findFirst();
  }

  boolean showsProgress() {
    return switch (this) {
      case ACTIVE, BUILD, MIGRATING, REBUILD, RESIZE, VERIFY_RESIZE -> true;
      case PAUSED,
          SHUTOFF,
          ERROR,
          DELETED,
          HARD_REBOOT,
          PASSWORD,
          REBOOT,
          RESCUE,
          REVERT_RESIZE,
          SHELVED,
          SHELVED_OFFLOADED,
          SOFT_DELETED,
          SUSPENDED,
          UNKNOWN ->
          false;
    };
  }

  static @Nullable Status named(String word) {
    for (Status status : values()) {
      if (status.name().equals(word.toUpperCase(Locale.ROOT))) {
        return status;
      }
    }
    return null;
  }
}
