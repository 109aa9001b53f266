package dev.tern.virt.fake;

import static dev.tern.virt.fake.FakeVirtDriver.refused;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A connection to a simulated QEMU. */
final class FakeGuest implements Guest {
  private static final int LISTENER_PORT = 49152;

  private final FakeWorld world;
  private final FakeProcess process;
  private final Path instance;
  private final Clock clock;
  private final ReentrantLock deciding = new ReentrantLock(); // guards cancelled and recorded
  private boolean cancelled;
  private boolean recorded;
  private volatile boolean closed;

  FakeGuest(FakeWorld world, FakeProcess process, Path instance, Clock clock) {
    this.world = world;
    this.process = process;
    this.instance = instance;
    this.clock = clock;
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public boolean alive() {
    return process.alive();
  }

  @Override
  public RunState runState() throws VirtException {
    begin("runState");
    return process.state;
  }

  @Override
  public void cont() throws VirtException {
    begin("cont");
    if (process.state == RunState.INCOMING) {
      throw refused("Nothing has arrived yet.");
    }
    if (process.exporting) {
      throw refused("The exports hold the right to write.");
    }
    run();
    world.after("cont");
  }

  private void run() {
    process.state = RunState.RUNNING;
    world.checkOneRunner(process.serverId());
  }

  @Override
  public void shutDown(Duration grace) throws VirtException {
    world.before("shutDown");
    end();
    world.after("shutDown");
  }

  @Override
  public void kill() throws VirtException {
    world.before("kill");
    end();
    world.after("kill");
  }

  private void end() {
    process.die();
    world.forget(instance, process);
  }

  @Override
  public List<String> missingCommands() throws VirtException {
    begin("missingCommands");
    return world.lacking(instance);
  }

  @Override
  public List<DiskState> disks() throws VirtException {
    begin("disks");
    return process.recipe().disks().stream()
        .map(d -> new DiskState(d.id(), format(d), d.virtualBytes(), 0))
        .toList();
  }

  private static String format(DiskRecipe disk) {
    return switch (disk) {
      case LocalDisk local -> local.format();
      case ReadOnlyDisk _, NetworkDisk _ -> "raw";
    };
  }

  @Override
  public DiskCopies copies() {
    return new FakeCopies(world, process, instance, this::begin);
  }

  @Override
  public void onGone(Runnable listener) {
    process.onGone(() -> {
      if (!closed) {
        listener.run();
      }
    });
  }

  @Override
  public void plug(NetworkDisk disk) throws VirtException {
    begin("plug");
    List<DiskRecipe> disks = new ArrayList<>(process.recipe().disks());
    for (DiskRecipe there : disks) {
      if (there.id().equals(disk.id())) {
        requireVolume(there);
        return;
      }
      if (there instanceof NetworkDisk other && other.hotPlugPort() == disk.hotPlugPort()) {
        throw refused("Port %d is taken.".formatted(disk.hotPlugPort()));
      }
    }
    if (disk.hotPlugPort() < 1 || disk.hotPlugPort() > process.recipe().hotPlugPorts()) {
      throw refused("There is no port %d.".formatted(disk.hotPlugPort()));
    }
    disks.add(disk);
    process.disks(disks);
    world.after("plug");
  }

  @Override
  public void unplug(String diskId, Duration patience) throws VirtException {
    begin("unplug");
    List<DiskRecipe> left = new ArrayList<>();
    for (DiskRecipe there : process.recipe().disks()) {
      if (there.id().equals(diskId)) {
        requireVolume(there);
      } else {
        left.add(there);
      }
    }
    process.disks(left);
    world.after("unplug");
  }

  private static void requireVolume(DiskRecipe disk) throws VirtException {
    if (!(disk instanceof NetworkDisk)) {
      throw refused("Disk %s is no volume that was plugged in.".formatted(disk.id()));
    }
  }

  @Override
  public IncomingEndpoints openIncoming(IncomingRequest request) throws VirtException {
    begin("openIncoming");
    if (process.state != RunState.INCOMING) {
      throw refused("The guest does not wait for a migration.");
    }
    IncomingEndpoints there = process.endpoints;
    if (there == null) {
      if (request.nbdPort() == 0) {
        throw refused("Nothing is open, and no port is given for it.");
      }
      int port =
          request.migrationPort() == 0
              ? LISTENER_PORT + (int) (process.pid() % 10_000)
              : request.migrationPort();
      if (world.listeningOn(request.address(), request.nbdPort()).isPresent()
          || world.listeningOn(request.address(), port).isPresent()) {
        throw refused("Address already in use.");
      }
      there =
          new IncomingEndpoints(
              request.address(), request.nbdPort(), port, Map.copyOf(request.exportNames()));
      process.key = request.key();
      process.endpoints = there;
      process.exporting = true;
    }
    world.after("openIncoming");
    return there;
  }

  @Override
  public void watchArrival(ArrivalPermit permit, boolean keepPaused, Consumer<Arrival> listener)
      throws VirtException {
    begin("watchArrival");
    Thread.ofVirtual()
        .name("fake-arrival-" + process.pid())
        .start(() -> {
          Arrival arrival = arrive(permit, keepPaused);
          if (!closed) {
            listener.accept(arrival);
          }
        });
  }

  private Arrival arrive(ArrivalPermit permit, boolean keepPaused) {
    try {
      process.arrived.join();
      if (closed) {
        return new Arrival.Failed("The monitor was closed here.");
      }
      process.exporting = false;
      permit.recordArrived();
    } catch (CompletionException e) {
      return new Arrival.Failed("QEMU closed its monitor: it has ended.");
    } catch (IOException e) {
      return new Arrival.Failed("The guest arrived and stays paused: " + e.getMessage());
    }
    if (keepPaused) {
      return new Arrival.Running(new ArrivalStamps(Optional.of(clock.instant()), Optional.empty()));
    }
    Instant loaded = clock.instant();
    run();
    return new Arrival.Running(
        new ArrivalStamps(Optional.of(loaded), Optional.of(clock.instant())));
  }

  @Override
  public void keepReceiving() throws VirtException {
    begin("keepReceiving");
  }

  @Override
  public List<ExportState> exports() throws VirtException {
    begin("exports");
    IncomingEndpoints open = process.endpoints;
    if (open == null || !process.exporting) {
      return List.of();
    }
    return process.recipe().disks().stream()
        .filter(disk -> open.exportNames().containsKey(disk.id()))
        .map(disk ->
            new ExportState(
                disk.id(),
                String.valueOf(open.exportNames().get(disk.id())),
                open.address(),
                open.nbdPort(),
                process.key.isPresent(),
                disk.virtualBytes(),
                List.of("flush", "fua", "trim"),
                List.of("base:allocation"),
                world.mirrorsTo(process)))
        .toList();
  }

  @Override
  public Optional<IncomingEndpoints> opened() throws VirtException {
    begin("opened");
    return Optional.ofNullable(process.endpoints);
  }

  @Override
  public MigrationObjects migrationObjects() throws VirtException {
    begin("migrationObjects");
    return FakeObjects.of(process);
  }

  @Override
  public void closeExports() throws VirtException {
    begin("closeExports");
    process.exporting = false;
    world.after("closeExports");
  }

  @Override
  public void mirrorDisks(
      List<MirrorTarget> targets, Steering steering, Consumer<MoveProgress> progress)
      throws VirtException {
    begin("mirrorDisks");
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
              .filter(p -> exportsAs(p, target.diskId(), target.exportName()));
      if (to.isEmpty()) {
        process.mirrors.clear();
        throw refused(
            "The destination's exports at %s port %d cannot be reached."
                .formatted(target.address(), target.port()));
      }
      process.mirrors.put(target.diskId(), to.get());
    }
    long total = diskBytes();
    progress.accept(
        new MoveProgress(
            0, 0, 0, total, total / 2, total - total / 2, disks(2, false), MemoryPace.NONE));
    progress.accept(new MoveProgress(0, 0, 0, total, total, 0, disks(1, true), MemoryPace.NONE));
    world.after("mirrorDisks");
  }

  private static boolean exportsAs(FakeProcess process, String disk, String name) {
    IncomingEndpoints open = process.endpoints;
    return process.exporting && open != null && name.equals(open.exportNames().get(disk));
  }

  private long diskBytes() {
    return process.recipe().localDisks().stream().mapToLong(LocalDisk::virtualBytes).sum();
  }

  @Override
  public void cancelMirrors() throws VirtException {
    begin("cancelMirrors");
    process.mirrors.clear();
    world.after("cancelMirrors");
  }

  @Override
  public HandOver handOver(
      MemoryTarget target,
      Steering steering,
      boolean handedOver,
      HandOverRecord beforeContinue,
      Consumer<MoveProgress> progress)
      throws VirtException {
    deciding.lock();
    try {
      cancelled = false;
      recorded = handedOver;
    } finally {
      deciding.unlock();
    }
    begin("handOver");
    long memory = process.recipe().memoryKib() * 1024;
    if (process.state == RunState.POSTMIGRATE && handedOver) {
      return new HandOver.Sent(LeavingStamps.NONE, moved(memory));
    }
    Optional<FakeProcess> to = world.listeningOn(target.address(), target.port());
    @Nullable Instant stopped = null;
    if (!handedOver) {
      Optional<String> unready = reasonToStay(to, target);
      if (unready.isPresent()) {
        return stayed(unready.get());
      }
      progress.accept(half(memory));
      progress.accept(moved(memory));
      stopped = clock.instant();
      Optional<String> refusal = record(beforeContinue);
      if (refusal.isPresent()) {
        return stayed(refusal.get());
      }
    }
    process.state = RunState.POSTMIGRATE;
    if (to.isEmpty() || !to.get().alive()) {
      return new HandOver.Unknown("Handed over, but QEMU says failed.");
    }
    to.get().state = RunState.PAUSED;
    to.get().arrived.complete(true);
    try {
      world.after("handOver");
    } catch (VirtException e) {
      return new HandOver.Unknown(String.valueOf(e.getMessage()));
    }
    return new HandOver.Sent(stamps(stopped), moved(memory));
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

  private Optional<String> record(HandOverRecord beforeContinue) {
    deciding.lock();
    try {
      if (cancelled) {
        return Optional.of("The hand-over was cancelled.");
      }
      beforeContinue.recordHandedOver();
      recorded = true;
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("The hand-over could not be recorded: " + e.getMessage());
    } finally {
      deciding.unlock();
    }
  }

  private HandOver stayed(String why) {
    process.mirrors.clear();
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

  @Override
  public void cancelHandOver() throws VirtException {
    begin("cancelHandOver");
    deciding.lock();
    try {
      if (!recorded) {
        cancelled = true;
      }
    } finally {
      deciding.unlock();
    }
  }

  @Override
  public void recoverAtHome(boolean keepPaused) throws VirtException {
    begin("recoverAtHome");
    process.mirrors.clear();
    if (keepPaused) {
      process.state = RunState.PAUSED;
    } else {
      run();
    }
    world.after("recoverAtHome");
  }

  @Override
  public void close() {
    closed = true;
  }

  private void begin(String method) throws VirtException {
    if (closed) {
      throw new VirtException(Kind.NO_ANSWER, "The monitor was closed here.", null);
    }
    if (!process.alive()) {
      throw new VirtException(Kind.GONE, "QEMU closed its monitor: it has ended.", null);
    }
    try {
      world.before(method);
    } catch (VirtException e) {
      if (e.kind() == Kind.GONE) {
        process.die();
      }
      throw e;
    }
  }
}
