package dev.tern.virt.qemu;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.DiskLedgers;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** A guest in a real QEMU. */
final class QemuGuest implements Guest {
  private static final Duration PRESS_AGAIN = Duration.ofSeconds(3);

  private final Session session;
  private final Path instance;
  private final DiskMirrors mirrors;
  private final BlockCopies copies;
  private final Recovery recovery;
  private final OutgoingMigration outgoing;
  private final IncomingMigration incoming;
  private final ExportListing exports;
  private final SavedGuest saved;
  private final AtomicBoolean closed = new AtomicBoolean();

  QemuGuest(Session session, Path instance) {
    this.session = session;
    this.instance = instance;
    StreamCredentials credentials = new StreamCredentials(session, instance);
    this.mirrors = new DiskMirrors(session, credentials);
    this.copies = new BlockCopies(session);
    this.recovery = new Recovery(session, mirrors, credentials);
    this.outgoing = new OutgoingMigration(session, mirrors, recovery, credentials);
    this.incoming = new IncomingMigration(session, instance, credentials);
    this.exports = new ExportListing(session, instance, credentials);
    this.saved = new SavedGuest(session, recovery, instance);
  }

  /** For whoever looks at QEMU itself. */
  Session session() {
    return session;
  }

  @Override
  public long pid() {
    return session.process().pid();
  }

  @Override
  public boolean alive() {
    return session.process().alive();
  }

  @Override
  public List<String> missingCommands() throws VirtException {
    return session.abilities().missing();
  }

  @Override
  public WriteRates writes(Duration over) throws VirtException, InterruptedException {
    return WriteWatch.watch(session, over);
  }

  @Override
  public boolean canSuppressVmdesc() throws VirtException {
    return StreamDescription.canBeSuppressed(session.monitor());
  }

  @Override
  public Optional<Boolean> hasLeft() throws VirtException {
    return switch (session.migrationStatus()) {
      // So it says also of the one by which the guest came.
      case "completed" ->
          Optional.of(session.call(new Commands.QueryStatus()).status().equals("postmigrate"));
      case "none", "failed", "cancelled" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  @Override
  public RunState runState() throws VirtException {
    Commands.Status now = session.call(new Commands.QueryStatus());
    return switch (now.status()) {
      case "running" -> RunState.RUNNING;
      case "inmigrate" -> RunState.INCOMING;
      case "paused", "prelaunch", "suspended", "save-vm", "restore-vm", "debug" -> RunState.PAUSED;
      // QEMU also calls it so when a paused guest's migration was cancelled: nothing has left.
      case "postmigrate" ->
          session.migrationStatus().equals("completed") ? RunState.POSTMIGRATE : RunState.PAUSED;
      case "finish-migrate" -> RunState.FINISH_MIGRATE;
      case "shutdown" -> RunState.SHUTDOWN;
      case "io-error" -> RunState.IO_ERROR;
      default -> RunState.ERROR;
    };
  }

  @Override
  public void cont() throws VirtException {
    // To a guest that still waits for its stream, QEMU would take this as leave to run by itself.
    if (runState() == RunState.INCOMING) {
      throw new VirtException(Kind.REFUSED, "Nothing has arrived yet.", null);
    }
    session.call(new Commands.Cont());
  }

  @Override
  public void pause() throws VirtException {
    RunState before = runState();
    switch (before) {
      case RUNNING, PAUSED -> session.call(new Commands.Stop());
      case IO_ERROR -> {
        // Stopped already, but not by its user: it would be let run as soon as there is room.
        session.call(new Commands.Cont());
        session.call(new Commands.Stop());
      }
      case INCOMING, POSTMIGRATE, FINISH_MIGRATE, SHUTDOWN, ERROR -> throw notPaused(before);
    }
    RunState after = runState();
    if (after != RunState.PAUSED) {
      throw notPaused(after);
    }
  }

  private static VirtException notPaused(RunState state) {
    return new VirtException(Kind.REFUSED, "QEMU says %s, not paused.".formatted(state), null);
  }

  @Override
  public void shutDown(Duration grace) throws VirtException {
    try {
      // Pressed again and again: a guest that has just booted may not listen to its button yet.
      long until = System.nanoTime() + grace.toNanos();
      for (long left = grace.toNanos(); left > 0; left = until - System.nanoTime()) {
        session.callUnlessRefused(new Commands.SystemPowerdown());
        Duration next = Duration.ofNanos(Math.min(left, PRESS_AGAIN.toNanos()));
        if (session.process().gone(next, session.pauses())) {
          forget();
          return;
        }
      }
    } catch (VirtException e) {
      if (e.kind() == Kind.REFUSED) {
        throw e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VirtException(Kind.NO_ANSWER, "The wait for the shutdown was interrupted.", e);
    }
    kill();
  }

  @Override
  public void kill() throws VirtException {
    QemuProcess process = session.process();
    Duration patience = session.settings().deadlines().end();
    try {
      if (process.alive()) {
        quit();
        if (!process.gone(patience, session.pauses())) {
          process.destroy();
          if (!process.gone(patience, session.pauses())) {
            throw new VirtException(
                Kind.NO_ANSWER, "Process %d does not end.".formatted(process.pid()), null);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VirtException(Kind.NO_ANSWER, "The wait for the end was interrupted.", e);
    }
    forget();
  }

  /** The process is gone, so nothing reads what it left. */
  private void forget() throws VirtException {
    QemuProcess.forget(instance);
    StreamCredentials.forget(instance);
  }

  private void quit() {
    try {
      mirrors.hangUp();
      // Not waited for: what counts is the process.
      var _ = session.monitor().submit(new Commands.Quit());
    } catch (VirtException e) {
      session.process().destroy();
    }
  }

  @Override
  public List<DiskState> disks() throws VirtException {
    List<DiskState> disks = new ArrayList<>();
    for (DiskCopies.DiskNode disk : copies.disks()) {
      disks.add(
          new DiskState(disk.diskId(), disk.format(), disk.virtualBytes(), disk.allocatedBytes()));
    }
    return disks;
  }

  @Override
  public DiskCopies copies() {
    return copies;
  }

  @Override
  public DiskLedgers ledgers() {
    return new BlockLedgers(session, copies);
  }

  @Override
  public void onGone(Runnable listener) {
    session
        .monitor()
        .onEnd(why -> {
          if (!closed.get()) {
            Thread.ofVirtual().name("gone-" + pid()).start(listener);
          }
        });
  }

  @Override
  public void plug(NetworkDisk disk) throws VirtException {
    new HotPlug(session).plug(disk);
  }

  @Override
  public void unplug(String diskId, Duration patience) throws VirtException, InterruptedException {
    new HotPlug(session).unplug(diskId, patience);
  }

  @Override
  public IncomingEndpoints openIncoming(IncomingRequest request) throws VirtException {
    return incoming.open(request);
  }

  @Override
  public void watchArrival(ArrivalPermit permit, boolean keepPaused, Consumer<Arrival> listener)
      throws VirtException {
    incoming.watch(permit, keepPaused, listener);
  }

  @Override
  public void keepReceiving() throws VirtException {
    incoming.keepReceiving();
  }

  @Override
  public MissingMemory missingMemory() {
    return incoming.missingMemory();
  }

  @Override
  public List<ExportState> exports() throws VirtException {
    return exports.look();
  }

  @Override
  public Optional<IncomingEndpoints> opened() throws VirtException {
    return exports.endpoints();
  }

  @Override
  public MigrationObjects migrationObjects() throws VirtException {
    return exports.objects();
  }

  @Override
  public void closeExports() throws VirtException {
    incoming.closeExports();
  }

  @Override
  public void mirrorDisks(
      List<MirrorTarget> targets, Steering steering, Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException {
    try {
      mirrors.mirror(targets, steering, progress);
    } catch (VirtException e) {
      if (e.kind() != Kind.GONE && steering.forced()) {
        runAfter(e, steering.keepPaused());
      }
      throw e;
    }
  }

  /** A forced completion has paused the guest. */
  private void runAfter(VirtException failure, boolean keepPaused) throws InterruptedException {
    try {
      recovery.bringHome(!keepPaused);
    } catch (VirtException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void cancelMirrors() throws VirtException {
    try {
      recovery.dropStreams();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VirtException(Kind.NO_ANSWER, "Cancelling the mirrors was interrupted.", e);
    }
  }

  @Override
  public HandOver handOver(
      MemoryTarget target,
      Steering steering,
      boolean handedOver,
      HandOverRecord beforeContinue,
      Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException {
    return outgoing.handOver(target, steering, handedOver, beforeContinue, progress);
  }

  @Override
  public void cancelHandOver() throws VirtException {
    outgoing.cancel();
  }

  @Override
  public void recoverAtHome(boolean keepPaused) throws VirtException {
    try {
      recovery.bringHome(!keepPaused);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VirtException(Kind.NO_ANSWER, "The way home was interrupted.", e);
    }
  }

  @Override
  public void save(WritableByteChannel to, LongConsumer progress)
      throws VirtException, InterruptedException {
    saved.save(to, progress);
  }

  @Override
  public void load(ReadableByteChannel from, LongConsumer progress)
      throws VirtException, InterruptedException {
    saved.load(from, progress);
  }

  @Override
  public void close() {
    closed.set(true);
    session.monitor().close();
  }
}
