package dev.tern.virt.qemu;

import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.HandOverRecord;
import dev.tern.virt.Guest.MemoryOptions;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockJob;
import dev.tern.virt.qmp.Commands.MigrationState;
import dev.tern.virt.qmp.QmpEvent;
import dev.tern.virt.qmp.QmpEvents;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hand-over as the source does it.
 *
 * <pre>
 *   migrate ── active ── STOP ── pre-switchover ── mirrors finished ── RECORD ── migrate-continue ── completed
 *      │         │                    │                   │               ║
 *      └─────────┴────────────────────┴───────────────────┴──▶ home       ╚══▶ only Sent or Unknown
 * </pre>
 *
 * <p>Known hole: when the link breaks after the destination has read the end of the stream but
 * before QEMU here has written the few descriptive bytes behind it, QEMU here calls the migration
 * failed and starts the guest by itself. It is stopped again at the event; for those microseconds
 * both may run. Issue 2.
 */
final class OutgoingMigration {
  private static final Logger log = LoggerFactory.getLogger(OutgoingMigration.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  private final Session session;
  private final DiskMirrors mirrors;
  private final Recovery recovery;
  private final ReentrantLock deciding = new ReentrantLock(); // guards the two fields below
  private boolean cancelled;
  private boolean recorded;

  OutgoingMigration(Session session, DiskMirrors mirrors, Recovery recovery) {
    this.session = session;
    this.mirrors = mirrors;
    this.recovery = recovery;
  }

  HandOver handOver(
      MemoryTarget target,
      MemoryOptions options,
      boolean handedOver,
      HandOverRecord record,
      Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException {
    deciding.lock();
    try {
      recorded = handedOver;
      cancelled = false;
    } finally {
      deciding.unlock();
    }
    try (QmpEvents events = session.monitor().events()) {
      if (handedOver) {
        return goOnAfterRecord(events);
      }
      boolean wasRunning = true;
      try {
        wasRunning = begin(target, options);
        Optional<Instant> stoppedAt = reachPreSwitchover(events, options, progress);
        mirrors.finish(mirrors.jobs().stream().map(Commands.Job::id).toList(), events);
        recordOrStay(record);
        return letGo(events, stoppedAt);
      } catch (VirtException | StayException e) {
        return stay(e, wasRunning);
      }
    }
  }

  /** Returns whether the guest ran when it began. */
  private boolean begin(MemoryTarget target, MemoryOptions options)
      throws VirtException, StayException {
    Commands.Status run = session.call(new Commands.QueryStatus());
    String status = session.migrationStatus();
    switch (status) {
      case "setup", "active" -> {
        // A former agent began it; what it asked for may have been refused a raise since.
        MigrationSettings.parameters(session, options.bytesPerSecond(), options.downtimeLimit());
        return true;
      }
      case "pre-switchover" -> {
        return true;
      }
      case "device" ->
          throw new StayException("The hand-over was under way without a record of it.");
      default -> {}
    }
    if (!run.running() && !run.status().equals("paused")) {
      throw new StayException("The guest cannot be moved: QEMU says %s.".formatted(run.status()));
    }
    requireReadyMirrors();
    MigrationSettings.outgoing(session, options.bytesPerSecond(), options.downtimeLimit());
    session.call(new Commands.Migrate(uri(target.address(), target.port())));
    return run.running();
  }

  /** A disk that is not mirrored would be empty where the guest arrives. */
  private void requireReadyMirrors() throws VirtException, StayException {
    List<BlockJob> jobs = session.call(new Commands.QueryBlockJobs());
    for (Commands.BlockDevice device : session.call(new Commands.QueryBlock())) {
      Optional<String> disk = Optional.ofNullable(device.qdev()).flatMap(Nodes::diskOf);
      if (disk.isPresent()
          && jobs.stream().noneMatch(j -> j.device().equals(Nodes.job(disk.get())) && j.ready())) {
        throw new StayException("Disk %s has no ready mirror.".formatted(disk.get()));
      }
    }
  }

  static String uri(String address, int port) {
    return address.contains(":")
        ? "tcp:[%s]:%d".formatted(address, port)
        : "tcp:%s:%d".formatted(address, port);
  }

  private Optional<Instant> reachPreSwitchover(
      QmpEvents events, MemoryOptions options, Consumer<MoveProgress> progress)
      throws VirtException, StayException, InterruptedException {
    long until = System.nanoTime() + options.deadline().toNanos();
    long lookAt = 0;
    Optional<Instant> stoppedAt = Optional.empty();
    while (true) {
      long now = System.nanoTime();
      if (now > until) {
        throw new StayException(
            "The memory did not converge within %d s.".formatted(options.deadline().toSeconds()));
      }
      if (now >= lookAt) {
        if (look(progress)) {
          return stoppedAt;
        }
        lookAt = System.nanoTime() + LOOK_EVERY.toNanos();
      }
      Optional<QmpEvent> event =
          events.next(Duration.ofNanos(Math.max(1, lookAt - System.nanoTime())));
      if (event.isEmpty()) {
        continue;
      }
      switch (event.get().name()) {
        case "STOP" -> stoppedAt = Optional.of(event.get().at());
        case "MIGRATION" -> {
          if (reached(event.get().text("status"))) {
            return stoppedAt;
          }
        }
        case "BLOCK_JOB_ERROR", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED" -> {
          if (Nodes.isMirror(event.get().text("device"))) {
            throw new StayException(
                "%s failed while memory moved: %s."
                    .formatted(
                        event.get().text("device"),
                        event.get().text("error").isEmpty()
                            ? event.get().text("operation") + " error"
                            : event.get().text("error")));
          }
        }
        default -> {}
      }
    }
  }

  private boolean reached(String status) throws VirtException, StayException {
    return switch (status) {
      case "pre-switchover" -> true;
      case "failed", "cancelled", "completed", "cancelling" -> {
        String why = session.call(new Commands.QueryMigrate()).errorDesc();
        throw new StayException(why == null ? "The migration is %s.".formatted(status) : why + ".");
      }
      default -> false;
    };
  }

  /** Tells progress; true when QEMU waits in pre-switchover and the event was missed. */
  private boolean look(Consumer<MoveProgress> progress) throws VirtException, StayException {
    MigrationState state = session.call(new Commands.QueryMigrate());
    if ("pre-switchover".equals(state.status())) {
      return true;
    }
    progress.accept(session.moved().with(session.call(new Commands.QueryBlockJobs()), state.ram()));
    return state.status() != null && reached(state.status());
  }

  /** From here on the guest may run elsewhere. A cancel that came first wins. */
  private void recordOrStay(HandOverRecord record) throws StayException {
    deciding.lock();
    try {
      if (cancelled) {
        throw new StayException("The hand-over was cancelled.");
      }
      record.recordHandedOver();
      recorded = true;
    } catch (IOException e) {
      throw new StayException("The hand-over could not be recorded: " + e.getMessage(), e);
    } finally {
      deciding.unlock();
    }
  }

  private HandOver letGo(QmpEvents events, Optional<Instant> stoppedAt)
      throws InterruptedException {
    try {
      session.call(new Commands.MigrateContinue("pre-switchover"));
      return awaitEnd(events, stoppedAt);
    } catch (VirtException e) {
      return unknown(e.getMessage() + "");
    }
  }

  private HandOver awaitEnd(QmpEvents events, Optional<Instant> stoppedAt)
      throws VirtException, InterruptedException {
    long until = System.nanoTime() + session.settings().deadlines().switchover().toNanos();
    while (System.nanoTime() < until) {
      Optional<QmpEvent> event = events.next(LOOK_EVERY);
      if (event.isPresent() && !event.get().name().equals("MIGRATION")) {
        continue;
      }
      String status = event.isPresent() ? event.get().text("status") : session.migrationStatus();
      switch (status) {
        case "completed" -> {
          return new HandOver.Sent(stoppedAt, moved());
        }
        case "failed", "cancelled" -> {
          keepPaused();
          String why = session.call(new Commands.QueryMigrate()).errorDesc();
          return unknown("QEMU says %s%s".formatted(status, why == null ? "" : ": " + why));
        }
        default -> {}
      }
    }
    return unknown("QEMU has not finished within its deadline");
  }

  /** QEMU starts the guest by itself when a migration fails; after the record it must not run. */
  private void keepPaused() throws VirtException {
    session.call(new Commands.Stop());
  }

  private MoveProgress moved() throws VirtException {
    return session.moved().with(List.of(), session.call(new Commands.QueryMigrate()).ram());
  }

  private HandOver goOnAfterRecord(QmpEvents events) throws InterruptedException {
    try {
      return switch (session.migrationStatus()) {
        case "pre-switchover" -> letGo(events, Optional.empty());
        case "completed" -> new HandOver.Sent(Optional.empty(), moved());
        case "device", "active" -> awaitEnd(events, Optional.empty());
        default -> {
          keepPaused();
          yield unknown("QEMU's migration is %s".formatted(session.migrationStatus()));
        }
      };
    } catch (VirtException e) {
      return unknown(e.getMessage() + "");
    }
  }

  private static HandOver unknown(String why) {
    return new HandOver.Unknown("Handed over, but %s.".formatted(why));
  }

  private HandOver stay(Exception why, boolean wasRunning)
      throws VirtException, InterruptedException {
    if (why instanceof VirtException gone && gone.kind() == Kind.GONE) {
      throw gone;
    }
    log.atInfo().addKeyValue("step", "hand-over").setCause(why).log("guest stays at home");
    try {
      recovery.bringHome(wasRunning);
    } catch (VirtException e) {
      e.addSuppressed(why);
      throw e;
    }
    return new HandOver.Stayed(why.getMessage() + "");
  }

  void cancel() throws VirtException {
    deciding.lock();
    try {
      if (recorded) {
        return; // too late: the guest may run elsewhere
      }
      cancelled = true;
      switch (session.migrationStatus()) {
        case "setup", "active", "pre-switchover" -> session.call(new Commands.MigrateCancel());
        default -> {}
      }
    } finally {
      deciding.unlock();
    }
  }

  /** The guest stays. */
  private static final class StayException extends Exception {
    private static final long serialVersionUID = 1L;

    StayException(String why) {
      super(why);
    }

    StayException(String why, Throwable cause) {
      super(why, cause);
    }
  }
}
