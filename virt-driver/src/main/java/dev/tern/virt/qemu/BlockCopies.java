package dev.tern.virt.qemu;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.BlockNode;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockDevice;
import dev.tern.virt.qmp.Commands.BlockJob;
import dev.tern.virt.qmp.Commands.Job;
import dev.tern.virt.qmp.Commands.NodeState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link DiskCopies} by {@code blockdev-mirror} and {@code blockdev-snapshot}. A job does not end
 * by itself: between its last write and its end ({@code pending}) QEMU holds the guest's I/O back,
 * and that is when the caller decides.
 */
final class BlockCopies implements DiskCopies {
  private static final Logger log = LoggerFactory.getLogger(BlockCopies.class);
  private static final Set<String> ENDED = Set.of("concluded", "null");

  private final Session session;
  private final CopyConnections connections;

  BlockCopies(Session session) {
    this.session = session;
    this.connections = new CopyConnections(session);
  }

  @Override
  public List<DiskNode> disks() throws VirtException {
    BlockGraph graph = BlockGraph.of(session);
    List<DiskNode> disks = new ArrayList<>();
    for (BlockDevice device : graph.devices()) {
      String path = Optional.ofNullable(device.qdev()).orElse("");
      Optional<String> disk = Nodes.diskOf(path);
      disk.flatMap(graph::top)
          .map(top -> node(disk.get(), path, device, top))
          .ifPresent(disks::add);
    }
    return disks;
  }

  private static DiskNode node(String disk, String path, BlockDevice device, NodeState top) {
    return new DiskNode(
        disk,
        top.nodeName(),
        Optional.ofNullable(top.file()).orElse(""),
        top.drv(),
        Optional.ofNullable(device.inserted()).map(i -> i.cache().name()).orElse(""),
        path,
        top.image().virtualSize(),
        Optional.ofNullable(top.image().actualSize()).orElse(0L));
  }

  @Override
  public void start(Copy copy) throws VirtException {
    if (isUnderWay(copy)) {
      return; // an earlier question started it
    }
    BlockGraph graph = BlockGraph.of(session);
    String node = Nodes.copy(copy.diskId(), copy.tag());
    NodeState top = graph.requireTop(copy.diskId());
    requireCopyable(copy, top);
    sweep(copy.diskId());
    try {
      switch (copy.target()) {
        case File(Path file, String format) ->
            addNode(
                node,
                file,
                format,
                backing(graph, copy, format, top),
                encryption(copy.diskId(), top));
        case Export export -> connections.open(node, export, top.image().virtualSize());
      }
      session.call(
          new Commands.BlockdevMirror(
              Nodes.copyJob(copy.diskId()),
              top.nodeName(),
              node,
              copy.shallow() ? "top" : "full",
              Nodes.copyFilter(copy.diskId()),
              copy.bytesPerSecond() == 0 ? null : copy.bytesPerSecond()));
    } catch (VirtException e) {
      cleanUpAfter(e, copy.diskId());
      throw e;
    }
  }

  /** Its job is there, or the disk is on it. */
  boolean isUnderWay(Copy copy) throws VirtException {
    return look(copy.diskId(), copy.tag()).state() != State.ABSENT;
  }

  void requireCopyable(Copy copy, NodeState top) throws VirtException {
    requireFree(copy.diskId());
    switch (copy.target()) {
      case File(Path file, _) -> {
        if (BlockGraph.of(session).opens(file.toString())) {
          throw refused("The file %s is in use by this guest.".formatted(file.getFileName()));
        }
      }
      case Export _ -> {}
    }
    if (top.encrypted()
        && !(copy.target() instanceof File(_, String format) && format.equals("qcow2"))) {
      throw refused(
          "Disk %s is encrypted: its copy is a qcow2, which can be too.".formatted(copy.diskId()));
    }
  }

  /** The nodes of a raw target, those of an ended copy removed. */
  void addTarget(Copy copy, File target) throws VirtException {
    sweep(copy.diskId());
    try {
      addNode(Nodes.copy(copy.diskId(), copy.tag()), target.path(), target.format(), null, null);
    } catch (VirtException e) {
      cleanUpAfter(e, copy.diskId());
      throw e;
    }
  }

  private static BlockNode.@org.jspecify.annotations.Nullable Backing backing(
      BlockGraph graph, Copy copy, String format, NodeState top) throws VirtException {
    Optional<NodeState> below = copy.shallow() ? graph.below(copy.diskId(), top) : Optional.empty();
    if (copy.shallow() && below.isEmpty()) {
      throw refused("Disk %s lies on nothing: copy it in full.".formatted(copy.diskId()));
    }
    if (!format.equals("qcow2")) {
      return null;
    }
    return below.isPresent()
        ? new BlockNode.BackingNode(below.get().nodeName())
        : new BlockNode.NoBacking();
  }

  private void addNode(
      String node,
      Path file,
      String format,
      BlockNode.@org.jspecify.annotations.Nullable Backing backing,
      BlockNode.@org.jspecify.annotations.Nullable Encrypt encryption)
      throws VirtException {
    String below = Nodes.file(node);
    session.call(
        new Commands.BlockdevAdd(new BlockNode.File(below, file.toString(), false, "unmap")));
    session.call(
        new Commands.BlockdevAdd(
            new BlockNode.Format(
                format, node, below, false, "unmap", "unmap", backing, encryption)));
  }

  /** As the disk: QEMU has had its passphrase since its start, and opens the file by no other. */
  private static BlockNode.@org.jspecify.annotations.Nullable Encrypt encryption(
      String disk, NodeState top) {
    return top.encrypted() ? new BlockNode.Encrypt(Nodes.secret(disk)) : null;
  }

  private void requireFree(String disk) throws VirtException {
    for (Job job : session.call(new Commands.QueryJobs())) {
      if (job.id().equals(Nodes.copyJob(disk)) && !ENDED.contains(job.status())) {
        throw refused("Disk %s is being copied already.".formatted(disk));
      }
      if (job.id().equals(Nodes.job(disk)) && !ENDED.contains(job.status())) {
        throw refused("Disk %s is being mirrored to another host.".formatted(disk));
      }
    }
  }

  void cleanUpAfter(VirtException failure, String disk) {
    if (failure.kind() != Kind.REFUSED) {
      return;
    }
    try {
      sweep(disk);
    } catch (VirtException left) {
      failure.addSuppressed(left);
    }
  }

  @Override
  public Progress look(String disk, String tag) throws VirtException {
    BlockGraph graph = BlockGraph.of(session);
    if (graph.requireTop(disk).nodeName().equals(Nodes.copy(disk, tag))) {
      return Progress.none(State.PIVOTED);
    }
    Optional<Job> job = job(disk);
    if (job.isEmpty() || graph.node(Nodes.copy(disk, tag)).isEmpty()) {
      return Progress.none(State.ABSENT);
    }
    // One that has ended is listed until it is dismissed.
    Optional<BlockJob> figures =
        session.call(new Commands.QueryBlockJobs()).stream()
            .filter(listed -> listed.device().equals(Nodes.copyJob(disk)))
            .findFirst();
    if (ENDED.contains(job.get().status())) {
      Optional<String> error = Optional.ofNullable(job.get().error());
      return new Progress(
          error.isPresent() ? State.FAILED : State.FINISHED,
          figures.map(BlockJob::len).orElse(0L),
          figures.map(BlockJob::offset).orElse(0L),
          0,
          error);
    }
    return figures.map(BlockCopies::progress).orElseGet(() -> Progress.none(State.RUNNING));
  }

  /** Where one stands that has not ended; one that an error stopped has failed. */
  private static Progress progress(BlockJob job) {
    State state =
        switch (job.status()) {
          case "pending" -> State.DECIDING;
          case "ready" -> State.READY;
          default -> State.RUNNING;
        };
    return new Progress(
        job.stoppedBy().isPresent() ? State.FAILED : state,
        job.len(),
        job.offset(),
        Optional.ofNullable(job.speed()).orElse(0L),
        job.stoppedBy());
  }

  private Optional<Job> job(String disk) throws VirtException {
    return session.call(new Commands.QueryJobs()).stream()
        .filter(job -> job.id().equals(Nodes.copyJob(disk)))
        .findFirst();
  }

  @Override
  public void limit(String disk, String tag, long bytesPerSecond) throws VirtException {
    switch (look(disk, tag).state()) {
      case RUNNING, READY ->
          session.callUnlessRefused(
              new Commands.BlockJobSetSpeed(Nodes.copyJob(disk), bytesPerSecond));
      case ABSENT, DECIDING, PIVOTED, FINISHED, FAILED -> {}
    }
  }

  @Override
  public void pivot(String disk, String tag, Decision decision)
      throws VirtException, InterruptedException {
    if (connections.present(disk)) {
      throw refused("The copy of %s is an export: no guest goes on with that.".formatted(disk));
    }
    if (job(disk).filter(job -> job.type().equals("backup")).isPresent()) {
      throw refused("The copy of %s is of a moment that is past.".formatted(disk));
    }
    switch (look(disk, tag).state()) {
      case READY -> {
        session.call(new Commands.BlockJobComplete(Nodes.copyJob(disk)));
        awaitDeciding(disk, tag);
        decide(disk, tag, decision);
      }
      case DECIDING -> decide(disk, tag, decision);
      case PIVOTED -> keep(disk, tag, decision);
      case RUNNING -> throw refused("The copy of %s is not ready.".formatted(disk));
      case ABSENT, FINISHED -> throw refused("Disk %s is not being copied.".formatted(disk));
      case FAILED -> throw failed(disk, tag);
    }
    sweep(disk);
  }

  private void decide(String disk, String tag, Decision decision)
      throws VirtException, InterruptedException {
    keep(disk, tag, decision);
    session.call(new Commands.JobFinalize(Nodes.copyJob(disk)));
    awaitEnd(disk);
    if (look(disk, tag).state() != State.PIVOTED) {
      throw new VirtException(
          Kind.NO_ANSWER, "Disk %s did not move onto its copy.".formatted(disk), null);
    }
  }

  private void keep(String disk, String tag, Decision decision)
      throws VirtException, InterruptedException {
    try {
      decision.keep();
    } catch (IOException e) {
      VirtException undecided =
          new VirtException(
              Kind.REFUSED,
              "That %s moves onto its copy could not be recorded: %s"
                  .formatted(disk, e.getMessage()),
              e);
      if (look(disk, tag).state() == State.DECIDING) {
        drop(disk, tag);
      }
      throw undecided;
    }
  }

  @Override
  public void finish(String disk, String tag) throws VirtException, InterruptedException {
    switch (look(disk, tag).state()) {
      case READY -> {
        session.call(new Commands.BlockJobCancel(Nodes.copyJob(disk), null));
        awaitDeciding(disk, tag);
        end(disk, tag);
      }
      case DECIDING -> end(disk, tag);
      case FINISHED -> {}
      case RUNNING -> throw refused("The copy of %s is not ready.".formatted(disk));
      case PIVOTED -> throw refused("Disk %s is on its copy already.".formatted(disk));
      case ABSENT -> throw refused("Disk %s is not being copied.".formatted(disk));
      case FAILED -> throw failed(disk, tag);
    }
    sweep(disk);
  }

  private void end(String disk, String tag) throws VirtException, InterruptedException {
    session.call(new Commands.JobFinalize(Nodes.copyJob(disk)));
    awaitEnd(disk);
    if (look(disk, tag).state() == State.FAILED) {
      throw failed(disk, tag);
    }
  }

  private VirtException failed(String disk, String tag) throws VirtException {
    String why = look(disk, tag).error().orElse("it is gone");
    return refused("The copy of %s failed: %s.".formatted(disk, why));
  }

  private void awaitDeciding(String disk, String tag) throws VirtException, InterruptedException {
    boolean decided =
        session.await(
            session.settings().deadlines().switchover(),
            () ->
                switch (look(disk, tag).state()) {
                  case DECIDING, PIVOTED, FINISHED, ABSENT -> true;
                  case FAILED -> throw failed(disk, tag);
                  case RUNNING, READY -> false;
                });
    if (!decided) {
      // A server that does not take the last writes may be holding the guest's.
      connections.hangUp(disk);
      throw new VirtException(
          Kind.NO_ANSWER, "The copy of %s did not come to its end in time.".formatted(disk), null);
    }
  }

  private void awaitEnd(String disk) throws VirtException, InterruptedException {
    boolean ended =
        session.await(
            session.settings().deadlines().switchover(),
            () -> job(disk).map(job -> ENDED.contains(job.status())).orElse(true));
    if (!ended) {
      throw new VirtException(Kind.NO_ANSWER, "The copy of %s does not end.".formatted(disk), null);
    }
  }

  @Override
  public void drop(String disk, String tag) throws VirtException, InterruptedException {
    switch (look(disk, tag).state()) {
      case RUNNING, READY, DECIDING, FAILED -> {
        connections.hangUp(disk);
        session.callUnlessRefused(new Commands.BlockJobCancel(Nodes.copyJob(disk), true));
        awaitEnd(disk);
      }
      case PIVOTED -> throw refused("Disk %s is on its copy already.".formatted(disk));
      case ABSENT, FINISHED -> {}
    }
    sweep(disk);
  }

  @Override
  public void overlay(String disk, String tag, Path file) throws VirtException {
    BlockGraph graph = BlockGraph.of(session);
    NodeState top = graph.requireTop(disk);
    String node = Nodes.copy(disk, tag);
    if (top.nodeName().equals(node)) {
      return; // an earlier question did it
    }
    requireFree(disk);
    sweep(disk);
    try {
      addNode(node, file, "qcow2", new BlockNode.NoBacking(), encryption(disk, top));
      session.call(new Commands.BlockdevSnapshot(top.nodeName(), node));
    } catch (VirtException e) {
      cleanUpAfter(e, disk);
      throw e;
    }
  }

  /**
   * Removes an ended job of the disk and every node of it that nothing uses: QEMU refuses to remove
   * the others.
   */
  private void sweep(String disk) throws VirtException {
    connections.hangUp(disk);
    Optional<Job> job = job(disk);
    if (job.isPresent() && ENDED.contains(job.get().status())) {
      session.callUnlessRefused(new Commands.JobDismiss(job.get().id()));
    }
    String top = BlockGraph.of(session).requireTop(disk).nodeName();
    int before;
    List<String> left = BlockGraph.of(session).of(disk);
    do {
      before = left.size();
      for (String node : left) {
        if (!node.equals(top)) {
          session.callUnlessRefused(new Commands.BlockdevDel(node));
        }
      }
      left = BlockGraph.of(session).of(disk);
    } while (left.size() < before);
    log.atDebug().addKeyValue("disk", disk).addKeyValue("nodes", left.size()).log("nodes left");
  }

  static VirtException refused(String message) {
    return new VirtException(Kind.REFUSED, message, null);
  }
}
