package dev.tern.virt.qemu;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.HandOverRecord;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockJob;
import dev.tern.virt.qmp.Commands.MigrationState;
import dev.tern.virt.qmp.QmpEvent;
import dev.tern.virt.qmp.QmpEvents;
import dev.tern.virt.qmp.QmpMonitor.Pending;
import java.io.IOException;
import java.time.Duration;
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
 *      └─────────┴────────────────────┴───────────────────┴──▶ home       ╚══▶ {@link Departure}
 * </pre>
 *
 * <p>Where post-copy is possible QEMU waits for its peer's last word after it has sent everything.
 * When the link breaks before that word is here it calls the migration failed and starts the guest
 * by itself; so such a destination runs the guest only when it hears that this source's migration
 * is completed ({@link Guest.ArrivalPermit#sourceLetGo}). Without post-copy nothing is left that
 * could fail once the destination has everything: see {@link StreamDescription}.
 */
final class OutgoingMigration {
  private static final Logger log = LoggerFactory.getLogger(OutgoingMigration.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  private static final Duration STOPS = Duration.ofSeconds(1);
  private static final String CANCELLED = "The hand-over was cancelled.";

  private final Session session;
  private final DiskMirrors mirrors;
  private final Recovery recovery;
  private final StreamCredentials credentials;
  private final ReentrantLock deciding = new ReentrantLock(); // guards the two fields below
  private boolean cancelled;
  private boolean recorded;

  OutgoingMigration(
      Session session, DiskMirrors mirrors, Recovery recovery, StreamCredentials credentials) {
    this.session = session;
    this.mirrors = mirrors;
    this.recovery = recovery;
    this.credentials = credentials;
  }

  HandOver handOver(
      MemoryTarget target,
      Steering steering,
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
    LeavingWatch watch = new LeavingWatch();
    try (QmpEvents events = session.monitor().events(watch::saw)) {
      Departure departure = new Departure(session, target, credentials, events, watch, progress);
      if (handedOver) {
        return departure.goOn();
      }
      List<String> jobs = List.of();
      try {
        Helm helm = new Helm(session, steering);
        boolean begun = begin(target, steering, helm);
        // Asked now: once the guest stands, each question is a part of its pause.
        jobs = mirrors.jobs().stream().map(Commands.Job::id).toList();
        Duration firstLook = begun ? LOOK_EVERY : Duration.ZERO;
        reachPreSwitchover(events, helm, firstLook, longestStop(steering), progress);
        mirrors.finish(jobs, events);
        recordOrStay(record);
        return departure.letGo();
      } catch (GivenUp e) {
        return stay(
            new StayException("The copy of the memory was given up: %s.".formatted(e.getMessage())),
            steering.keepPaused());
      } catch (VirtException e) {
        letGoOfMainLoop(e, jobs);
        return stay(e, steering.keepPaused());
      } catch (StayException e) {
        return stay(e, steering.keepPaused());
      }
    }
  }

  /**
   * To stop the guest QEMU waits for what its mirrors have sent, with its main loop held: on a dead
   * link for as long as an outage may be, and the guest stands meanwhile.
   */
  private void letGoOfMainLoop(VirtException why, List<String> jobs) throws VirtException {
    if (why.kind() == Kind.NO_ANSWER) {
      mirrors.hangUpAtOnce(jobs);
    }
  }

  /** Whether it began here and now; otherwise a former agent had begun it. */
  private boolean begin(MemoryTarget target, Steering steering, Helm helm)
      throws VirtException, StayException {
    Pending<Commands.Status> runAsked = session.monitor().submit(new Commands.QueryStatus());
    Pending<List<BlockJob>> jobsAsked = session.monitor().submit(new Commands.QueryBlockJobs());
    Pending<MigrationState> stateAsked = session.monitor().submit(new Commands.QueryMigrate());
    Commands.Status run = session.monitor().await(runAsked);
    MovePolicy policy = steering.policy();
    List<BlockJob> jobs = session.monitor().await(jobsAsked);
    long share = helm.memoryShare(jobs);
    switch (String.valueOf(session.monitor().await(stateAsked).status())) {
      case "setup", "active" -> {
        // A former agent began it; what it had raised begins anew.
        helm.postCopyIsPossible(postCopyIsOn());
        session.call(MigrationSettings.bandwidth(share));
        session.call(MigrationSettings.downtimeLimit(helm.downtimeLimit()));
        return false;
      }
      case "pre-switchover" -> {
        return false;
      }
      case "device", "postcopy-active", "postcopy-paused", "postcopy-recover" ->
          throw new StayException("The hand-over was under way without a record of it.");
      default -> {}
    }
    if (run.status().equals("postmigrate")) {
      leavePostmigrate();
    } else if (!run.running() && !run.status().equals("paused")) {
      throw new StayException("The guest cannot be moved: QEMU says %s.".formatted(run.status()));
    }
    failOnStopped(jobs);
    requireReadyMirrors(jobs);
    String creds = credentials.connect(target.key());
    endStreamAs(target.suppressVmdesc());
    helm.postCopyIsPossible(
        MigrationSettings.outgoing(
            session,
            steering.options(),
            // With the capability alone QEMU waits for its peer's last word at the end.
            policy.postCopyAllowed() && target.awaitsSource(),
            policy.autoConverge(),
            share,
            helm.downtimeLimit(),
            creds));
    session.call(new Commands.Migrate(uri(target.address(), target.port())));
    return true;
  }

  /**
   * QEMU migrates no guest that was paused when its last migration was cancelled in the pause
   * before the switch. Run and stopped in one breath it does; nothing less is offered.
   */
  private void leavePostmigrate() throws VirtException, StayException {
    if (session.migrationStatus().equals("completed")) {
      throw new StayException("The guest cannot be moved: it has left.");
    }
    Pending<Void> run = session.monitor().submit(new Commands.Cont());
    Pending<Void> stop = session.monitor().submit(new Commands.Stop());
    session.monitor().await(run);
    session.monitor().await(stop);
  }

  /** As the destination expects it, which is what it confirmed and nothing else. */
  private void endStreamAs(boolean suppressVmdesc) throws VirtException, StayException {
    if (StreamDescription.suppress(session.monitor(), suppressVmdesc) != suppressVmdesc) {
      throw new StayException(
          "The destination expects nothing behind the guest's last byte, and QEMU here describes its stream there.");
    }
  }

  private boolean postCopyIsOn() throws VirtException {
    return session.call(new Commands.QueryMigrateCapabilities()).stream()
        .anyMatch(c -> c.capability().equals("postcopy-ram") && c.state());
  }

  /** A local disk that is not mirrored would be empty where the guest arrives. */
  private void requireReadyMirrors(List<BlockJob> jobs) throws VirtException, StayException {
    for (String disk : LocalDisks.of(session)) {
      if (jobs.stream().noneMatch(j -> j.device().equals(Nodes.job(disk)) && j.ready())) {
        throw new StayException("Disk %s has no ready mirror.".formatted(disk));
      }
    }
  }

  static String uri(String address, int port) {
    return address.contains(":")
        ? "tcp:[%s]:%d".formatted(address, port)
        : "tcp:%s:%d".formatted(address, port);
  }

  /** How long QEMU may be silent once the guest stands; a forced move sets its pause aside. */
  private Duration longestStop(Steering steering) {
    Duration maxPause = steering.policy().maxPause();
    return maxPause.compareTo(STOPS) > 0 || steering.forced()
        ? session.settings().deadlines().query()
        : STOPS;
  }

  private void reachPreSwitchover(
      QmpEvents events,
      Helm helm,
      Duration firstLook,
      Duration longestStop,
      Consumer<MoveProgress> progress)
      throws VirtException, StayException, GivenUp, InterruptedException {
    // QEMU that has just begun is left to it: a small guest is there before the first look.
    long lookAt = System.nanoTime() + firstLook.toNanos();
    Duration patience = session.settings().deadlines().query();
    while (true) {
      if (System.nanoTime() >= lookAt) {
        if (look(helm, patience, progress)) {
          return;
        }
        lookAt = System.nanoTime() + LOOK_EVERY.toNanos();
      }
      Optional<QmpEvent> event =
          events.next(Duration.ofNanos(Math.max(1, lookAt - System.nanoTime())));
      if (event.isEmpty()) {
        continue;
      }
      switch (event.get().name()) {
        // The next event is due; a look now would be answered before it.
        case "STOP" -> {
          lookAt = System.nanoTime() + LOOK_EVERY.toNanos();
          patience = longestStop;
        }
        case "MIGRATION" -> {
          if (reached(event.get().text("status"))) {
            return;
          }
        }
        case "BLOCK_JOB_ERROR", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED" -> {
          if (Nodes.isMirror(event.get().text("device"))) {
            failOnStopped(session.call(new Commands.QueryBlockJobs(), patience));
            throw new StayException(
                "%s ended while memory moved.".formatted(event.get().text("device")));
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
  private boolean look(Helm helm, Duration patience, Consumer<MoveProgress> progress)
      throws VirtException, StayException, GivenUp {
    MigrationState state = session.call(new Commands.QueryMigrate(), patience);
    if ("pre-switchover".equals(state.status())) {
      return true;
    }
    List<BlockJob> jobs = session.call(new Commands.QueryBlockJobs());
    progress.accept(session.moved().with(jobs, state));
    failOnStopped(jobs);
    boolean there = state.status() != null && reached(state.status());
    if (!there && state.ram() != null) {
      helm.look(jobs, state.ram());
    }
    return there;
  }

  private static void failOnStopped(List<BlockJob> jobs) throws StayException {
    for (BlockJob job : jobs) {
      Optional<String> error = Nodes.isMirror(job.device()) ? job.stoppedBy() : Optional.empty();
      if (error.isPresent()) {
        throw new StayException(
            "%s failed while memory moved: %s.".formatted(job.device(), error.get()));
      }
    }
  }

  /** From here on the guest may run elsewhere. A cancel that came first wins. */
  private void recordOrStay(HandOverRecord record) throws StayException {
    deciding.lock();
    try {
      if (cancelled) {
        throw new StayException(CANCELLED);
      }
      record.recordHandedOver();
      recorded = true;
    } catch (IOException e) {
      throw new StayException("The hand-over could not be recorded: " + e.getMessage(), e);
    } finally {
      deciding.unlock();
    }
  }

  private HandOver stay(Exception why, boolean keepPaused)
      throws VirtException, InterruptedException {
    if (why instanceof VirtException gone && gone.kind() == Kind.GONE) {
      throw gone;
    }
    log.atInfo().addKeyValue("step", "hand-over").setCause(why).log("guest stays at home");
    try {
      recovery.bringHome(!keepPaused);
    } catch (VirtException e) {
      e.addSuppressed(why);
      throw e;
    }
    // What a cancelled move then fails of is only how it ended.
    return new HandOver.Stayed(isCancelled() ? CANCELLED : why.getMessage() + "");
  }

  private boolean isCancelled() {
    deciding.lock();
    try {
      return cancelled;
    } finally {
      deciding.unlock();
    }
  }

  void cancel() throws VirtException {
    deciding.lock();
    try {
      if (recorded) {
        return; // too late: the guest may run elsewhere
      }
      cancelled = true;
      switch (session.migrationStatus()) {
        case "setup", "active", "pre-switchover" -> {
          // The destination's QEMU ends with its stream, and its exports with it: a mirror that
          // waits for them to come back would hold the guest's next stop for the whole outage.
          mirrors.hangUp();
          session.call(new Commands.MigrateCancel());
        }
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
