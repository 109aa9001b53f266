package dev.tern.store;

import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;

/** Which servers can go to another host at all, and in which of the two ways. */
public final class Movable {
  private Movable() {}

  /**
   * Why a server cannot be moved, whatever there is to move it to; empty when it can.
   *
   * @param cold while its guest does not run
   */
  public static Optional<String> against(ServerRecord server, boolean cold) {
    return switch (server.vmState()) {
      case ACTIVE -> Optional.empty();
      case PAUSED ->
          cold
              ? Optional.of("It is paused, and so cannot be moved cold. Unpause it.")
              : Optional.empty();
      case RESIZED ->
          Optional.of("Its cold migration is neither confirmed nor reverted. Do one of them.");
      case SUSPENDED ->
          Optional.of(
              "It is suspended: its memory is a file of this host, and nothing of it moves while it is."
                  + " Resume it, or delete it.");
      case STOPPED ->
          cold
              ? Optional.empty()
              : Optional.of(
                  "It is stopped, and servers move only while they run or are paused. Start it,"
                      + " delete it, or have it moved cold (on_cannot_move).");
      case ERROR ->
          Optional.of(
              "It is in error%s. Mend or delete it."
                  .formatted(
                      server
                          .fault()
                          .map(fault -> " (" + fault.failure().message() + ")")
                          .orElse("")));
      case BUILDING, DELETED -> Optional.of("It is %s.".formatted(server.vmState().wire()));
    };
  }
}
