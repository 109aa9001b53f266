package dev.tern.api.servers;

import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import java.util.Locale;
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
  /** Words of Nova for states that no server has here: they are known, and match nothing. */
  HARD_REBOOT,
  PASSWORD,
  REBOOT,
  REBUILD,
  RESCUE,
  RESIZE,
  REVERT_RESIZE,
  SHELVED,
  SHELVED_OFFLOADED,
  SOFT_DELETED,
  SUSPENDED,
  UNKNOWN,
  VERIFY_RESIZE;

  static Status of(VmState vmState, Optional<TaskState> task) {
    boolean migrating = task.filter(t -> t == TaskState.MIGRATING).isPresent();
    return switch (vmState) {
      case BUILDING -> BUILD;
      case ACTIVE -> migrating ? MIGRATING : ACTIVE;
      case PAUSED -> migrating ? MIGRATING : PAUSED;
      case STOPPED -> SHUTOFF;
      case ERROR -> ERROR;
      case DELETED -> DELETED;
    };
  }

  /** The states of servers that may have this status. */
  Set<VmState> vmStates() {
    return switch (this) {
      case ACTIVE -> Set.of(VmState.ACTIVE);
      case BUILD -> Set.of(VmState.BUILDING);
      case MIGRATING -> Set.of(VmState.ACTIVE, VmState.PAUSED);
      case PAUSED -> Set.of(VmState.PAUSED);
      case SHUTOFF -> Set.of(VmState.STOPPED);
      case ERROR -> Set.of(VmState.ERROR);
      case DELETED -> Set.of(VmState.DELETED);
      case HARD_REBOOT,
          PASSWORD,
          REBOOT,
          REBUILD,
          RESCUE,
          RESIZE,
          REVERT_RESIZE,
          SHELVED,
          SHELVED_OFFLOADED,
          SOFT_DELETED,
          SUSPENDED,
          UNKNOWN,
          VERIFY_RESIZE ->
          Set.of();
    };
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
