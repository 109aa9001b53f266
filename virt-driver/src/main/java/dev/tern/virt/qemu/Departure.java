package dev.tern.virt.qemu;

import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.MigrationState;
import dev.tern.virt.qmp.QmpEvent;
import dev.tern.virt.qmp.QmpEvents;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the source does once the guest is recorded as handed over: it lets QEMU send the rest, and
 * never runs the guest again by itself.
 *
 * <pre>
 *   migrate-continue ──┬── device ── completed
 *                      └── postcopy-active ──┬── completed
 *                              ▲             └── postcopy-paused (the link broke)
 *                              └── migrate resume ───────┘
 * </pre>
 */
final class Departure {
  private static final Logger log = LoggerFactory.getLogger(Departure.class);
  private static final String UNKNOWN = "Handed over, but %s.";
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);
  private static final Duration RESUME_AGAIN = Duration.ofSeconds(1);

  /** How long a broken post-copy is taken up again and again; QEMU itself waits for ever. */
  private static final Duration REPAIR = Duration.ofMinutes(10);

  private final Session session;
  private final MemoryTarget target;
  private final StreamCredentials credentials;
  private final QmpEvents events;
  private final LeavingWatch watch;
  private final Consumer<MoveProgress> progress;

  Departure(
      Session session,
      MemoryTarget target,
      StreamCredentials credentials,
      QmpEvents events,
      LeavingWatch watch,
      Consumer<MoveProgress> progress) {
    this.session = session;
    this.target = target;
    this.credentials = credentials;
    this.events = events;
    this.watch = watch;
    this.progress = progress;
  }

  HandOver letGo() throws InterruptedException {
    try {
      session.call(new Commands.MigrateContinue("pre-switchover"));
      return awaitEnd();
    } catch (VirtException e) {
      return lost(e);
    }
  }

  /** Wherever a former agent left it. */
  HandOver goOn() throws InterruptedException {
    try {
      String status = session.migrationStatus();
      return switch (status) {
        case "pre-switchover" -> letGo();
        case "completed" -> sent();
        case "device", "active", "postcopy-active", "postcopy-paused", "postcopy-recover" ->
            awaitEnd();
        default -> {
          keepPaused();
          yield failed("QEMU's migration is %s".formatted(status));
        }
      };
    } catch (VirtException e) {
      // What it did before this agent came is not known.
      return unknown(e.getMessage() + "");
    }
  }

  /** A QEMU whose migration fails says so, and runs the guest; one that never did has not. */
  private HandOver lost(VirtException why) {
    boolean letGo = why.kind() == Kind.GONE && !watch.ranAgain();
    return new HandOver.Unknown(
        UNKNOWN.formatted(String.valueOf(why.getMessage())),
        letGo ? Optional.of(true) : Optional.empty());
  }

  private HandOver awaitEnd() throws VirtException, InterruptedException {
    long until = in(session.settings().deadlines().switchover());
    while (System.nanoTime() < until) {
      Optional<QmpEvent> event = events.next(LOOK_EVERY);
      if (event.isPresent() && !event.get().name().equals("MIGRATION")) {
        continue;
      }
      String status = event.isPresent() ? event.get().text("status") : session.migrationStatus();
      switch (status) {
        case "completed" -> {
          return sent();
        }
        case "failed", "cancelled" -> {
          keepPaused();
          String why = session.call(new Commands.QueryMigrate()).errorDesc();
          return failed("QEMU says %s%s".formatted(status, why == null ? "" : ": " + why));
        }
        case "postcopy-active", "postcopy-paused", "postcopy-recover" -> {
          return sendTheRest();
        }
        default -> {}
      }
    }
    return unknown("QEMU has not finished within its deadline");
  }

  /** The guest runs at its destination, and waits there for each page that it touches. */
  private HandOver sendTheRest() throws VirtException, InterruptedException {
    Duration stall = session.settings().deadlines().mirrorStall();
    long sent = -1;
    long stalledAt = in(stall);
    long until = in(REPAIR);
    while (System.nanoTime() < until) {
      Optional<MigrationState> answer = stateUnlessHeld();
      if (answer.isEmpty()) {
        continue; // the wait for the answer was the pause
      }
      MigrationState state = answer.get();
      switch (String.valueOf(state.status())) {
        case "completed" -> {
          return sent();
        }
        case "failed", "cancelled" -> {
          keepPaused();
          return unknown("post-copy %s: %s".formatted(state.status(), state.errorDesc()));
        }
        case "postcopy-paused" -> {
          resume();
          session.pauses().pause(RESUME_AGAIN);
          continue;
        }
        default -> {}
      }
      long now = state.ram() == null ? 0 : state.ram().transferred();
      if (now != sent) {
        sent = now;
        stalledAt = in(stall);
        until = in(REPAIR);
      } else if (System.nanoTime() > stalledAt) {
        // A link that swallows everything: broken off, it can be taken up over a new one.
        session.callUnlessRefused(new Commands.MigratePause());
        stalledAt = in(stall);
      }
      progress.accept(session.moved().with(List.of(), state));
      var _ = events.next(LOOK_EVERY);
    }
    return unknown(
        "the rest of its memory could not be sent for %d min".formatted(REPAIR.toMinutes()));
  }

  /**
   * Empty while QEMU's main loop is held: when it connects anew it waits there for the other side's
   * part of the TLS handshake, which on a bad link may never come.
   */
  private Optional<MigrationState> stateUnlessHeld() throws VirtException, InterruptedException {
    try {
      return Optional.of(session.call(new Commands.QueryMigrate()));
    } catch (VirtException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException(e.getMessage());
      }
      if (e.kind() != Kind.NO_ANSWER || session.monitor().hasEnded()) {
        throw e;
      }
      log.atWarn()
          .addKeyValue("step", "hand-over")
          .setCause(e)
          .log("QEMU does not answer while the rest of the memory is sent; asked again");
      return Optional.empty();
    }
  }

  private void resume() throws VirtException {
    try {
      session.call(
          new Commands.Migrate(OutgoingMigration.uri(target.address(), target.port()), true));
      log.atWarn().addKeyValue("step", "hand-over").log("broken post-copy taken up again");
    } catch (VirtException e) {
      if (e.kind() == Kind.GONE) {
        throw e;
      }
      log.atDebug().setCause(e).log("broken post-copy not taken up yet");
    }
  }

  private static long in(Duration time) {
    return System.nanoTime() + time.toNanos();
  }

  /** QEMU starts the guest by itself when a migration fails; after the record it must not run. */
  private void keepPaused() throws VirtException {
    session.call(new Commands.Stop());
  }

  /** The streams are over: their key goes, after the last byte and after the guest's pause. */
  private HandOver sent() throws VirtException {
    MoveProgress moved = moved();
    credentials.removeAtEnd();
    return new HandOver.Sent(watch.stamps(), moved);
  }

  private MoveProgress moved() throws VirtException {
    return session.moved().with(List.of(), session.call(new Commands.QueryMigrate()));
  }

  private static HandOver failed(String why) {
    return new HandOver.Unknown(UNKNOWN.formatted(why), Optional.of(false));
  }

  private static HandOver unknown(String why) {
    return new HandOver.Unknown(UNKNOWN.formatted(why));
  }
}
