package dev.tern.virt.qemu;

import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.BlockNode;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockJob;
import dev.tern.virt.qmp.Commands.Job;
import dev.tern.virt.qmp.Commands.YankInstance;
import dev.tern.virt.qmp.QmpCommand;
import dev.tern.virt.qmp.QmpEvents;
import dev.tern.virt.qmp.QmpMonitor.Pending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The source's mirrors of its disks to a destination's exports.
 *
 * <pre>
 *   (nothing) ── nodes added ── job running ── job ready ──┬── finished: both sides alike
 *        ▲                          │              │       └── dropped
 *        └──────── dropped ◀── concluded with an error
 * </pre>
 */
final class DiskMirrors {
  private static final Logger log = LoggerFactory.getLogger(DiskMirrors.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);
  private static final Duration JOB_ENDS = Duration.ofMillis(800);

  /** The guest stands still meanwhile, so an outage is not waited for here. */
  private static final Duration DRAIN_STALL = Duration.ofSeconds(1);

  private static final Set<String> ENDED = Set.of("concluded", "null");

  private final Session session;
  private final StreamCredentials credentials;

  DiskMirrors(Session session, StreamCredentials credentials) {
    this.session = session;
    this.credentials = credentials;
  }

  void mirror(List<MirrorTarget> targets, Steering steering, Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException {
    boolean ready = false;
    BlockGraph graph = BlockGraph.of(session);
    LocalDisks.require(graph, targets.stream().map(MirrorTarget::diskId).toList());
    try (QmpEvents events = session.monitor().events()) {
      Helm helm = new Helm(session, steering);
      start(
          targets, new Pace(helm.mirrorShare(targets.size()), Helm.blocksWrites(steering)), graph);
      awaitReady(targets, events, helm, progress);
      ready = true;
    } catch (GivenUp e) {
      VirtException failure =
          new VirtException(
              Kind.REFUSED, "The copy of the disks was given up: %s.".formatted(e.getMessage()), e);
      cleanUpAfter(failure);
      throw failure;
    } catch (VirtException failure) {
      cleanUpAfter(failure);
      throw failure;
    } finally {
      log.atDebug().addKeyValue("step", "mirror-disks").addKeyValue("ready", ready).log("mirrors");
    }
  }

  private record Pace(long bytesPerSecond, boolean blockWrites) {
    private static final long LEAST_BUFFER = 128 << 10;
    private static final long QEMUS_BUFFER = 16 << 20;
    private static final int BURSTS_A_SECOND = 8;

    /**
     * A mirror sends a whole buffer at once and then rests for as long as its speed demands: with
     * QEMU's 16 MiB, at 4 MiB/s, that is a burst every four seconds.
     */
    @Nullable Long buffer() {
      return bytesPerSecond == 0
          ? null
          : Long.valueOf(Math.clamp(bytesPerSecond / BURSTS_A_SECOND, LEAST_BUFFER, QEMUS_BUFFER));
    }
  }

  private void start(List<MirrorTarget> targets, Pace pace, BlockGraph graph) throws VirtException {
    List<Job> jobs = session.call(new Commands.QueryJobs());
    List<Pending<Void>> sent = new ArrayList<>();
    for (MirrorTarget target : targets) {
      for (QmpCommand<Void> command : starting(target, pace, graph, jobs)) {
        sent.add(session.monitor().submit(command));
      }
    }
    for (Pending<Void> command : sent) {
      session.monitor().await(command);
    }
  }

  /** What starts a mirror; nothing for one that runs. */
  private List<QmpCommand<Void>> starting(
      MirrorTarget target, Pace pace, BlockGraph graph, List<Job> jobs) throws VirtException {
    String job = Nodes.job(target.diskId());
    Optional<Job> running = jobs.stream().filter(j -> j.id().equals(job)).findAny();
    if (running.isPresent() && !ENDED.contains(running.get().status())) {
      return List.of(); // a former agent started it
    }
    if (running.isPresent()) {
      session.callUnlessRefused(new Commands.JobDismiss(job));
    }
    if (jobs.stream().anyMatch(j -> j.id().equals(Nodes.copyJob(target.diskId())))) {
      throw new VirtException(
          Kind.REFUSED, "Disk %s is being copied already.".formatted(target.diskId()), null);
    }
    deleteTarget(target.diskId(), graph);
    Reachable.require(session, "The destination's exports", target.address(), target.port());
    String creds = credentials.connect(target.key());
    return commands(target, pace, graph, creds.isEmpty() ? null : creds);
  }

  /** Each needs the one before and is refused when that was, so all can be sent at once. */
  private List<QmpCommand<Void>> commands(
      MirrorTarget target, Pace pace, BlockGraph graph, @Nullable String creds)
      throws VirtException {
    String export = Nodes.targetExport(target.diskId());
    Duration outage = session.settings().deadlines().outage();
    return List.of(
        new Commands.BlockdevAdd(
            new BlockNode.Nbd(
                export,
                new BlockNode.InetServer(target.address(), target.port()),
                target.exportName(),
                creds,
                outage.toSeconds())),
        new Commands.BlockdevAdd(new BlockNode.Raw(Nodes.target(target.diskId()), export)),
        new Commands.BlockdevMirror(
            Nodes.job(target.diskId()),
            graph.requireTop(target.diskId()).nodeName(),
            Nodes.target(target.diskId()),
            switch (target.sync()) {
              case FULL -> "full";
              case TOP -> "top";
            },
            Nodes.filter(target.diskId()),
            pace.bytesPerSecond() == 0 ? null : pace.bytesPerSecond(),
            pace.blockWrites() ? "write-blocking" : "background",
            pace.buffer()));
  }

  private void awaitReady(
      List<MirrorTarget> targets, QmpEvents events, Helm helm, Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException, GivenUp {
    while (true) {
      List<BlockJob> jobs = session.call(new Commands.QueryBlockJobs());
      progress.accept(session.moved().with(jobs, null));
      failOnDeadJob(targets, jobs);
      if (jobs.stream().filter(j -> Nodes.isMirror(j.device())).allMatch(BlockJob::ready)) {
        return;
      }
      helm.look(jobs);
      awaitJobEvent(events);
    }
  }

  private static void awaitJobEvent(QmpEvents events) throws VirtException, InterruptedException {
    long until = System.nanoTime() + LOOK_EVERY.toNanos();
    for (long left = LOOK_EVERY.toNanos(); left > 0; left = until - System.nanoTime()) {
      var event = events.next(Duration.ofNanos(left));
      if (event.isEmpty() || event.get().name().startsWith("BLOCK_JOB_")) {
        return;
      }
    }
  }

  private void failOnDeadJob(List<MirrorTarget> targets, List<BlockJob> jobs) throws VirtException {
    for (MirrorTarget target : targets) {
      String job = Nodes.job(target.diskId());
      Optional<BlockJob> found = jobs.stream().filter(j -> j.device().equals(job)).findAny();
      if (found.isEmpty() || ENDED.contains(found.get().status())) {
        throw new VirtException(
            Kind.REFUSED,
            "The mirror of %s failed: %s.".formatted(target.diskId(), errorOf(job)),
            null);
      }
      Optional<String> error = found.get().stoppedBy();
      if (error.isPresent()) {
        throw new VirtException(
            Kind.REFUSED,
            "The mirror of %s failed: %s.".formatted(target.diskId(), error.get()),
            null);
      }
    }
  }

  private String errorOf(String job) throws VirtException {
    return jobs().stream()
        .filter(j -> j.id().equals(job))
        .map(j -> Optional.ofNullable(j.error()).orElse("it ended early"))
        .findAny()
        .orElse("it is gone");
  }

  /** The mirrors there are, whatever their state. */
  List<Job> jobs() throws VirtException {
    return session.call(new Commands.QueryJobs()).stream()
        .filter(j -> Nodes.isMirror(j.id()))
        .toList();
  }

  /**
   * Ends the named ready mirrors so that both sides are alike; all are told before any is waited
   * for, since the guest is paused meanwhile. One that a former agent finished already counts.
   *
   * @throws VirtException when any did not end well
   */
  void finish(List<String> jobs, QmpEvents events) throws VirtException, InterruptedException {
    List<Pending<Void>> sent = new ArrayList<>();
    for (String job : jobs) {
      sent.add(session.monitor().submit(new Commands.BlockJobCancel(job, null)));
    }
    for (Pending<Void> command : sent) {
      session.monitor().await(command);
    }
    Set<String> open = jobs.stream().collect(Collectors.toSet());
    Stall stall = new Stall(DRAIN_STALL);
    long until = System.nanoTime() + session.settings().deadlines().switchover().toNanos();
    while (!open.isEmpty()) {
      if (System.nanoTime() > until) {
        throw new VirtException(Kind.NO_ANSWER, "The mirrors did not finish in time.", null);
      }
      var event = events.next(LOOK_EVERY);
      if (event.isEmpty()) {
        closeConcluded(open);
        if (!open.isEmpty() && stall.lasts(drained())) {
          throw new VirtException(
              Kind.NO_ANSWER, "The last writes do not get through to the destination.", null);
        }
        continue;
      }
      String job = event.get().text("device");
      if (!open.contains(job)) {
        continue;
      }
      switch (event.get().name()) {
        case "BLOCK_JOB_COMPLETED" -> {
          String error = event.get().text("error");
          if (!error.isEmpty()) {
            throw new VirtException(Kind.REFUSED, "%s failed: %s.".formatted(job, error), null);
          }
          open.remove(job);
        }
        case "BLOCK_JOB_ERROR", "BLOCK_JOB_CANCELLED" ->
            throw new VirtException(
                Kind.REFUSED,
                "%s could not be finished: its last writes failed.".formatted(job),
                null);
        default -> {}
      }
    }
  }

  private long drained() throws VirtException {
    return session.call(new Commands.QueryBlockJobs()).stream().mapToLong(BlockJob::offset).sum();
  }

  /** The way to see an end whose event was missed. */
  private void closeConcluded(Set<String> open) throws VirtException {
    for (Job job : jobs()) {
      if (open.contains(job.id()) && ENDED.contains(job.status())) {
        if (job.error() != null) {
          throw new VirtException(
              Kind.REFUSED, "%s failed: %s.".formatted(job.id(), job.error()), null);
        }
        open.remove(job.id());
      }
    }
  }

  private void cleanUpAfter(VirtException failure) throws InterruptedException {
    if (failure.kind() == Kind.GONE) {
      return;
    }
    try {
      cancel();
      credentials.remove();
    } catch (VirtException left) {
      failure.addSuppressed(left);
    }
  }

  /** Drops all mirrors, their jobs and nodes. Harmless when there are none. */
  void cancel() throws VirtException, InterruptedException {
    List<Job> live = jobs().stream().filter(j -> !ENDED.contains(j.status())).toList();
    if (!live.isEmpty()) {
      drop(live);
    }
    // Closing a node flushes it with QEMU's main loop held, and over a dead link that is for ever.
    hangUp();
    for (Job job : jobs()) {
      session.callUnlessRefused(new Commands.JobDismiss(job.id()));
    }
    List<String> nodes =
        session.call(new Commands.QueryNamedBlockNodes(true)).stream()
            .map(Commands.NodeState::nodeName)
            .filter(Nodes::isTarget)
            // An export node goes after the raw node on it.
            .sorted(java.util.Comparator.comparing(n -> n.endsWith("-nbd")))
            .toList();
    for (String node : nodes) {
      session.call(new Commands.BlockdevDel(node));
    }
    GuestWrites.free(session);
    session.moved().reset();
  }

  private void drop(List<Job> live) throws VirtException, InterruptedException {
    List<Pending<Void>> sent = new ArrayList<>();
    for (Job job : live) {
      sent.add(session.monitor().submit(new Commands.BlockJobCancel(job.id(), true)));
    }
    if (!session.await(JOB_ENDS, this::allEnded)) {
      // A dead link: the cancelled job waits for its socket, which only yank shuts.
      hangUp();
      if (!session.await(JOB_ENDS, this::allEnded)) {
        throw new VirtException(Kind.NO_ANSWER, "The mirrors do not end.", null);
      }
    }
    for (Pending<Void> command : sent) {
      try {
        session.monitor().await(command);
      } catch (VirtException e) {
        if (e.kind() != Kind.REFUSED) {
          throw e;
        }
        log.atDebug().setCause(e).log("mirror had ended by itself");
      }
    }
  }

  private boolean allEnded() throws VirtException {
    return jobs().stream().allMatch(j -> ENDED.contains(j.status()));
  }

  /**
   * Breaks the connections to the exports, if there are any. A node that is deleted, or a QEMU that
   * quits, flushes first, and would wait for a destination that is gone as long as for an outage.
   */
  void hangUp() throws VirtException {
    hangUp(Nodes::isTarget);
  }

  /**
   * As {@link #hangUp()} for the targets of these jobs, also while QEMU's main loop is held:
   * nothing is asked first, and QEMU takes the command past whatever waits.
   */
  void hangUpAtOnce(List<String> jobs) throws VirtException {
    if (!jobs.isEmpty()) {
      session.callUnlessRefused(
          new Commands.Yank(
              jobs.stream()
                  .map(job ->
                      new YankInstance("block-node", Nodes.targetExport(Nodes.mirrored(job))))
                  .toList()));
    }
  }

  private void hangUp(Predicate<String> target) throws VirtException {
    List<YankInstance> stuck =
        session.call(new Commands.QueryYank()).stream()
            .filter(y -> y.nodeName() != null && target.test(y.nodeName()))
            .toList();
    if (!stuck.isEmpty()) {
      session.call(new Commands.Yank(stuck));
    }
  }

  /** What a mirror that ended left. */
  private void deleteTarget(String disk, BlockGraph graph) throws VirtException {
    if (graph.node(Nodes.target(disk)).isEmpty()
        && graph.node(Nodes.targetExport(disk)).isEmpty()) {
      return;
    }
    hangUp(Nodes.targetExport(disk)::equals);
    session.callUnlessRefused(new Commands.BlockdevDel(Nodes.target(disk)));
    session.callUnlessRefused(new Commands.BlockdevDel(Nodes.targetExport(disk)));
  }
}
