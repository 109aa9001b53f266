package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ServerId;
import dev.tern.virt.Guest;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets guests go on that QEMU stopped at a write because their disk's file system was full. QEMU
 * keeps the write and does it again when told to continue; while there is still no room it stops
 * the guest once more. So nobody has to look whether there is room, and no guest loses anything but
 * time.
 */
final class GoingOn {
  private static final Logger log = LoggerFactory.getLogger(GoingOn.class);

  private final Set<ServerId> waiting = ConcurrentHashMap.newKeySet();

  /** At each beat. What fails is tried again at the next. */
  void look(Instance instance) {
    try {
      Optional<Guest> guest =
          mayRun(instance.standing()) ? instance.guestNow() : Optional.<Guest>empty();
      if (guest.isEmpty() || guest.get().runState() != Guest.RunState.IO_ERROR) {
        if (waiting.remove(instance.server()) && guest.isPresent()) {
          log.atInfo().addKeyValue("server", instance.server()).log("there is room; it goes on");
        }
        return;
      }
      if (waiting.add(instance.server())) {
        log.atWarn()
            .addKeyValue("server", instance.server())
            .log(
                "its disk's file system is full: QEMU stopped it, and it goes on when there is room");
      }
      instance.whileHere(
          standing -> mayRun(standing),
          () -> {
            // Again, now that nothing can be handed over: a guest that has left is never continued.
            if (guest.get().runState() == Guest.RunState.IO_ERROR) {
              guest.get().cont();
            }
          });
    } catch (IOException | VirtException | ComputeException e) {
      log.atDebug().addKeyValue("server", instance.server()).setCause(e).log("not looked at");
    }
  }

  // One that has arrived and was not let run may run elsewhere by now; a conductor's word is
  // awaited.
  private static boolean mayRun(Standing standing) {
    return standing.place() == Standing.Place.RUNNING
        && (standing.came().epoch() != standing.epoch() || standing.came().resumed());
  }
}
