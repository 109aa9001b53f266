package dev.tern.virt.fake;

import static dev.tern.virt.fake.FakeVirtDriver.refused;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.DiskProgress;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.HandOverRecord;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.LeavingStamps;
import dev.tern.virt.Guest.MemoryPace;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How a simulated guest leaves its host, as the real driver has QEMU do it. */
final class FakeDeparture {
  private static final String UNKNOWN = "Handed over, but %s.";

  private final FakeWorld world;
  private final FakeProcess process;
  private final Path instance;
  private final Clock clock;
  private final ReentrantLock deciding = new ReentrantLock(); // guards cancelled and recorded
  private boolean cancelled;
  private boolean recorded;

  FakeDeparture(FakeWorld world, FakeProcess process, Path instance, Clock clock) {
    this.world = world;
    this.process = process;
    this.instance = instance;
    this.clock = clock;
  }

  /** See {@link Guest#mirrorDisks}. */
  void mirror(List<MirrorTarget> targets, Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException {
    for (MirrorTarget target : targets) {
      if (process.copies.containsKey(target.diskId())) {
        throw refused("Disk %s is being copied already.".formatted(target.diskId()));
      }
      if (process.recipe().localDisks().stream()
          .noneMatch(disk -> disk.id().equals(target.diskId()))) {
        throw refused("Disk %s is no local disk of the guest.".formatted(target.diskId()));
      }
      Optional<FakeProcess> to =
          world
              .listeningOn(target.address(), target.port())
              .filter(p -> p.key.equals(target.key()))
              .filter(p -> world.reaches(instance, p))
              .filter(p -> exportsAs(p, target.diskId(), target.exportName()));
      if (to.isEmpty()) {
        process.mirrors.clear();
        throw refused(
            "The destination's exports at %s port %d cannot be reached."
                .formatted(target.address(), target.port()));
      }
      process.mirrors.put(target.diskId(), to.get());
      world.course().at(instance, "mirrors a disk");
    }
    long total = diskBytes();
    progress.accept(
        new MoveProgress(
            0, 0, 0, total, total / 2, total - total / 2, disks(2, false), MemoryPace.NONE));
    world.course().waits(instance, "copies disks");
    requireMirrors();
    progress.accept(new MoveProgress(0, 0, 0, total, total, 0, disks(1, true), MemoryPace.NONE));
  }

  private void requireMirrors() throws VirtException {
    requireAlive();
    for (Map.Entry<String, FakeProcess> mirror : Map.copyOf(process.mirrors).entrySet()) {
      if (!world.reaches(instance, mirror.getValue())) {
        process.mirrors.clear();
        throw refused("The mirror of %s failed: Input/output error".formatted(mirror.getKey()));
      }
      mirror.getValue().disksWritten = process.written;
    }
  }

  private static boolean exportsAs(FakeProcess process, String disk, String name) {
    IncomingEndpoints open = process.endpoints;
    return process.exporting && open != null && name.equals(open.exportNames().get(disk));
  }

  private long diskBytes() {
    return process.recipe().localDisks().stream().mapToLong(LocalDisk::virtualBytes).sum();
  }

  /** A hand-over begins, or goes on after its record. */
  void begins(boolean handedOver) {
    deciding.lock();
    try {
      cancelled = false;
      recorded = handedOver;
    } finally {
      deciding.unlock();
    }
  }

  /** See {@link Guest#handOver}, up to and with its record. */
  HandOver leave(
      MemoryTarget target,
      boolean keepPaused,
      HandOverRecord beforeContinue,
      Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException {
    long memory = process.recipe().memoryKib() * 1024;
    @Nullable Instant stopped;
    FakeProcess to;
    try {
      to = begun(target);
      progress.accept(half(memory));
      reachPreSwitchover(to);
      stopped = clock.instant();
      progress.accept(moved(memory));
      world.course().at(instance, "stands before the switch");
      finishMirrors();
      world.course().at(instance, "has ended its mirrors");
      record(beforeContinue);
    } catch (Stays why) {
      return stayed(String.valueOf(why.getMessage()), keepPaused);
    } catch (VirtException e) {
      if (e.kind() == Kind.GONE) {
        throw e;
      }
      return stayed(String.valueOf(e.getMessage()), keepPaused);
    }
    return letGo(to, stopped);
  }

  /** The guest stays. */
  private static final class Stays extends Exception {
    private static final long serialVersionUID = 1L;

    Stays(String why) {
      super(why);
    }
  }

  private FakeProcess begun(MemoryTarget target) throws VirtException, Stays {
    FakeProcess before = process.sendsTo;
    switch (process.stage) {
      case ACTIVE, PRE_SWITCHOVER -> {
        if (before != null) {
          return before; // a former agent began it
        }
      }
      case DEVICE -> throw new Stays("The hand-over was under way without a record of it.");
      case POSTCOPY, POSTCOPY_PAUSED -> throw new Stays("The guest runs elsewhere already.");
      case NONE, COMPLETED, FAILED, CANCELLED -> {}
    }
    Optional<FakeProcess> to =
        world.listeningOn(target.address(), target.port()).filter(p -> world.reaches(instance, p));
    Optional<String> unready = reasonToStay(to, target);
    if (unready.isPresent()) {
      throw new Stays(unready.get());
    }
    if (target.suppressVmdesc() && !world.canSuppressVmdesc(instance)) {
      throw new Stays("QEMU here cannot leave its description of the stream out.");
    }
    process.suppressVmdesc = target.suppressVmdesc();
    process.ranBefore = process.state == RunState.RUNNING;
    process.sendsTo = to.orElseThrow();
    process.ended = new CompletableFuture<>();
    process.stage = FakeStream.Stage.ACTIVE;
    world.course().at(instance, "begins to send memory");
    return to.get();
  }

  private void reachPreSwitchover(FakeProcess to)
      throws VirtException, Stays, InterruptedException {
    if (process.stage == FakeStream.Stage.PRE_SWITCHOVER) {
      return;
    }
    world.course().waits(instance, "sends memory");
    requireAlive();
    deciding.lock();
    try {
      if (cancelled) {
        throw new Stays("The hand-over was cancelled.");
      }
      if (process.stage != FakeStream.Stage.ACTIVE) {
        throw new Stays("The migration is " + process.stage);
      }
      if (!world.reaches(instance, to)) {
        FakeStream.broke(world, process, to);
        throw new Stays("Broken pipe");
      }
      process.state = RunState.PAUSED;
      process.stage = FakeStream.Stage.PRE_SWITCHOVER;
    } finally {
      deciding.unlock();
    }
  }

  private void finishMirrors() throws VirtException, Stays {
    requireMirrors();
    if (process.stage != FakeStream.Stage.PRE_SWITCHOVER) {
      throw new Stays("The migration is " + process.stage);
    }
  }

  private void requireAlive() throws VirtException {
    if (!process.alive()) {
      throw new VirtException(Kind.GONE, "QEMU closed its monitor: it has ended.", null);
    }
  }

  /** From here on QEMU goes on whatever becomes of its agent. */
  private HandOver letGo(FakeProcess to, @Nullable Instant stopped) throws InterruptedException {
    try {
      world.course().at(instance, "is recorded as handed over");
      requireAlive();
      if (process.stage != FakeStream.Stage.PRE_SWITCHOVER) {
        return keepPaused("QEMU's migration is " + process.stage);
      }
      FakeStream.letGo(world, instance, process, to);
      world.course().at(instance, "was let go");
      return awaitEnd(stopped);
    } catch (VirtException e) {
      return unknown(String.valueOf(e.getMessage()));
    }
  }

  /** Wherever a former agent left it. */
  HandOver goOn() throws InterruptedException {
    FakeProcess to = process.sendsTo;
    return switch (process.stage) {
      case PRE_SWITCHOVER -> to == null ? unknown("it goes nowhere") : letGo(to, null);
      case DEVICE, POSTCOPY, POSTCOPY_PAUSED, COMPLETED -> {
        try {
          yield awaitEnd(null);
        } catch (VirtException e) {
          yield unknown(String.valueOf(e.getMessage()));
        }
      }
      case NONE, ACTIVE, FAILED, CANCELLED -> keepPaused("QEMU's migration is " + process.stage);
    };
  }

  private HandOver awaitEnd(@Nullable Instant stopped) throws VirtException, InterruptedException {
    try {
      if (process.postCopy) {
        FakePostCopy.send(world, instance, process);
      } else {
        process.ended.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("streams never end exceptionally", e);
    }
    world.course().at(instance, "hears of the end of its stream");
    requireAlive();
    if (process.stage == FakeStream.Stage.POSTCOPY_PAUSED) {
      return unknown("the rest of its memory could not be sent");
    }
    if (process.stage != FakeStream.Stage.COMPLETED) {
      return keepPaused("QEMU says " + process.stage);
    }
    world.after("handOver");
    return new HandOver.Sent(stamps(stopped), moved(process.recipe().memoryKib() * 1024));
  }

  /** QEMU runs the guest by itself when a migration fails; after the record it must not. */
  private HandOver keepPaused(String why) {
    if (process.runs()) {
      process.state = RunState.PAUSED;
    }
    return new HandOver.Unknown(UNKNOWN.formatted(why), Optional.of(false));
  }

  private static HandOver unknown(String why) {
    return new HandOver.Unknown(UNKNOWN.formatted(why));
  }

  /** A simulated mirror has nothing left to drain, and device state takes no time. */
  private LeavingStamps stamps(@Nullable Instant stopped) {
    Optional<Instant> at = Optional.ofNullable(stopped);
    return new LeavingStamps(at, at, at, Optional.of(clock.instant()));
  }

  private Optional<String> reasonToStay(Optional<FakeProcess> to, MemoryTarget target) {
    if (process.state != RunState.RUNNING && process.state != RunState.PAUSED) {
      return Optional.of("The guest cannot be moved: it is " + process.state);
    }
    if (to.isEmpty()) {
      return Optional.of("Failed to connect: Connection refused");
    }
    if (!to.get().key.equals(target.key())) {
      return Optional.of("TLS handshake failed");
    }
    for (LocalDisk disk : process.recipe().localDisks()) {
      FakeProcess mirrored = process.mirrors.get(disk.id());
      if (mirrored == null || !mirrored.alive()) {
        return Optional.of("Disk %s has no ready mirror.".formatted(disk.id()));
      }
    }
    return Optional.empty();
  }

  private void record(HandOverRecord beforeContinue) throws Stays {
    deciding.lock();
    try {
      if (cancelled) {
        throw new Stays("The hand-over was cancelled.");
      }
      beforeContinue.recordHandedOver();
      recorded = true;
    } catch (IOException e) {
      throw new Stays("The hand-over could not be recorded: " + e.getMessage());
    } finally {
      deciding.unlock();
    }
  }

  private HandOver stayed(String why, boolean keepPaused) throws VirtException {
    bringHome(keepPaused);
    return new HandOver.Stayed(why);
  }

  private MoveProgress half(long memory) {
    long disk = diskBytes();
    return new MoveProgress(
        memory, memory / 2, memory - memory / 2, disk, disk, 0, disks(1, true), pace(memory));
  }

  private MoveProgress moved(long memory) {
    long disk = diskBytes();
    return new MoveProgress(memory, memory, 0, disk, disk, 0, disks(1, true), pace(memory));
  }

  private List<DiskProgress> disks(int part, boolean ready) {
    return process.recipe().disks().stream()
        .map(disk ->
            new DiskProgress(disk.id(), disk.virtualBytes() / part, disk.virtualBytes(), 0, ready))
        .toList();
  }

  private static MemoryPace pace(long memory) {
    return new MemoryPace(1, memory, 0, 0);
  }

  /** See {@link Guest#cancelHandOver}. */
  void cancel() {
    deciding.lock();
    try {
      if (!recorded) {
        cancelled = true;
        FakeStream.cancel(world, process);
      }
    } finally {
      deciding.unlock();
    }
  }

  /** See {@link Guest#recoverAtHome}. */
  void bringHome(boolean keepPaused) throws VirtException {
    FakeStream.cancel(world, process);
    world.course().at(instance, "has cancelled its migration");
    requireAlive();
    process.stage = FakeStream.Stage.NONE;
    if (keepPaused) {
      process.state = RunState.PAUSED;
    } else {
      run();
    }
    world.course().at(instance, "runs its guest at home");
    process.mirrors.clear();
  }

  /** The guest runs here from now on. */
  void run() {
    if (process.state != RunState.RUNNING) {
      process.state = RunState.RUNNING;
      world.runs(process);
    }
  }
}
