package dev.tern.virt.qemu;

import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.MissingMemory;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpEvent;
import dev.tern.virt.qmp.QmpEvents;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The destination of a post-copy, whose guest runs while memory still comes. When the link breaks,
 * QEMU waits; it is told to listen again, for as long as its process lives.
 */
final class PostCopyReceiver {
  private static final Logger log = LoggerFactory.getLogger(PostCopyReceiver.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  /** Who connects and fails takes QEMU's listener along, and nothing tells of it. */
  private static final Duration LISTENS = Duration.ofSeconds(10);

  private final Session session;
  private final EndpointsFile opened;
  private volatile MissingMemory missing = MissingMemory.NONE;

  PostCopyReceiver(Session session, EndpointsFile opened) {
    this.session = session;
    this.opened = opened;
  }

  static boolean isUnderWay(String status) {
    return status.startsWith("postcopy-");
  }

  MissingMemory missing() {
    return missing;
  }

  /** What QEMU says of the incoming migration. */
  void heard(String status) {
    missing =
        switch (status) {
          case "postcopy-active" -> MissingMemory.COMING;
          case "postcopy-paused" -> MissingMemory.CUT_OFF;
          // Taken up again, and not yet known how it goes.
          case "postcopy-recover", "setup" -> missing;
          default -> MissingMemory.NONE;
        };
  }

  /**
   * Returns when all memory is there; at once when there was no post-copy.
   *
   * @throws VirtException {@code GONE} when QEMU has ended, with its guest
   */
  void receive(QmpEvents events) throws VirtException, InterruptedException {
    long listensUntil = System.nanoTime();
    Optional<String> status = statusUnlessHeld();
    while (status.isEmpty() || isUnderWay(status.get())) {
      status.ifPresent(this::heard);
      // A processor that waits for a page can hold QEMU's main loop; then only what passes it says
      // whether the link broke, and QEMU refuses to listen while it has not.
      boolean broken = status.isEmpty() || status.get().equals("postcopy-paused");
      if (broken && System.nanoTime() >= listensUntil && listenAgain()) {
        missing = MissingMemory.CUT_OFF; // what is not broken is refused
        listensUntil = System.nanoTime() + LISTENS.toNanos();
      }
      Optional<QmpEvent> event = events.next(LOOK_EVERY);
      if (event.isEmpty()) {
        status = statusUnlessHeld();
      } else if (event.get().name().equals("MIGRATION")) {
        String told = event.get().text("status");
        // "setup" is only how QEMU begins to listen again, or fails to: the post-copy is not over.
        if (!told.equals("setup")) {
          status = Optional.of(told);
          listensUntil = System.nanoTime(); // each break anew
        }
      }
    }
    missing = MissingMemory.NONE;
  }

  private Optional<String> statusUnlessHeld() throws VirtException {
    try {
      return Optional.of(session.migrationStatus());
    } catch (VirtException e) {
      if (e.kind() != Kind.NO_ANSWER || session.monitor().hasEnded()) {
        throw e;
      }
      log.atDebug().setCause(e).log("QEMU waits for memory that is still to come");
      return Optional.empty();
    }
  }

  private boolean listenAgain() throws VirtException {
    Optional<IncomingEndpoints> there = opened.read();
    if (there.isEmpty()) {
      return false;
    }
    try {
      session.call(
          new Commands.MigrateRecover(
              OutgoingMigration.uri(there.get().address(), there.get().migrationPort())));
      log.atWarn().addKeyValue("step", "arrive").log("listens again for a broken post-copy");
      return true;
    } catch (VirtException e) {
      if (e.kind() == Kind.GONE) {
        throw e;
      }
      log.atDebug().setCause(e).log("does not listen again yet");
      return false;
    }
  }
}
