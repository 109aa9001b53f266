package dev.tern.virt.fake;

import static dev.tern.virt.fake.FakeVirtDriver.refused;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.DiskLedgers;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** A connection to a simulated QEMU. */
final class FakeGuest implements Guest {
  private static final int LISTENER_PORT = 49152;

  private final FakeWorld world;
  private final FakeProcess process;
  private final Path instance;
  private final Clock clock;
  private final FakeDeparture departure;
  private volatile boolean closed;

  FakeGuest(FakeWorld world, FakeProcess process, Path instance, Clock clock) {
    this.world = world;
    this.process = process;
    this.instance = instance;
    this.clock = clock;
    this.departure = new FakeDeparture(world, process, instance, clock);
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
    if (process.noRoom) {
      process.state = RunState.IO_ERROR; // QEMU writes it again, and stops again.
    } else {
      departure.run();
    }
    world.after("cont");
  }

  @Override
  public void pause() throws VirtException {
    begin("pause");
    process.state =
        switch (process.state) {
          case RUNNING, PAUSED, IO_ERROR -> RunState.PAUSED;
          case INCOMING, POSTMIGRATE, FINISH_MIGRATE, SHUTDOWN, ERROR ->
              throw refused("QEMU says %s, not paused.".formatted(process.state));
        };
    world.after("pause");
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
    world.ends(process);
    end();
    world.after("kill");
  }

  private void end() {
    if (process.alive()) {
      world.ledgers.store(process);
    }
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

  /** A simulated guest writes nothing. */
  @Override
  public WriteRates writes(Duration over) throws VirtException {
    begin("writes");
    return new WriteRates(OptionalLong.of(0), "", 0);
  }

  @Override
  public DiskCopies copies() {
    return new FakeCopies(world, process, instance, this::begin);
  }

  @Override
  public DiskLedgers ledgers() {
    return new FakeLedgers(
        world, process, new FakeCopies(world, process, instance, this::begin), this::begin);
  }

  @Override
  public void onGone(Runnable listener) {
    process.onGone(
        world
            .course()
            .onBehalf(
                "fake-gone-" + process.pid(),
                () -> {
                  if (!closed) {
                    listener.run();
                  }
                }));
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
              request.address(),
              request.nbdPort(),
              port,
              Map.copyOf(request.exportNames()),
              request.suppressVmdesc() && world.canSuppressVmdesc(instance),
              request.awaitSource());
      process.key = request.key();
      process.suppressVmdesc = there.suppressVmdesc();
      process.endpoints = there;
      process.exporting = true;
    } else if (request.awaitSource() && !there.awaitsSource()) {
      there =
          new IncomingEndpoints(
              there.address(),
              there.nbdPort(),
              there.migrationPort(),
              there.exportNames(),
              there.suppressVmdesc(),
              true);
      process.endpoints = there;
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
          receiveRest();
        });
  }

  private Arrival arrive(ArrivalPermit permit, boolean keepPaused) {
    try {
      process.arrived.join();
      if (closed) {
        return new Arrival.Failed("The monitor was closed here.");
      }
      world.course().at(instance, "hears of the arrival");
      awaitSource(permit);
      process.exporting = false;
      permit.recordArrived();
      world.course().at(instance, "has recorded the arrival");
    } catch (VirtException e) {
      return new Arrival.Failed(String.valueOf(e.getMessage()));
    } catch (CompletionException e) {
      return new Arrival.Failed("QEMU closed its monitor: it has ended.");
    } catch (IOException e) {
      return new Arrival.Failed("The guest arrived and stays paused: " + e.getMessage());
    }
    if (keepPaused) {
      return new Arrival.Running(new ArrivalStamps(Optional.of(clock.instant()), Optional.empty()));
    }
    Instant loaded = clock.instant();
    if (!process.alive()) {
      return new Arrival.Failed("QEMU closed its monitor: it has ended.");
    }
    departure.run();
    return new Arrival.Running(
        new ArrivalStamps(Optional.of(loaded), Optional.of(clock.instant())));
  }

  /**
   * Not where a post-copy has begun: such a source waits for its peer, and never runs the guest.
   */
  private void awaitSource(ArrivalPermit permit) throws VirtException {
    IncomingEndpoints open = process.endpoints;
    if (open != null && open.awaitsSource() && process.memoryFrom == null) {
      CompletableFuture.anyOf(permit.sourceLetGo(), process.gone()).join();
      requireThere();
    }
  }

  @Override
  public void keepReceiving() throws VirtException {
    begin("keepReceiving");
    if (process.memoryFrom != null) {
      Thread.ofVirtual().name("fake-receives-" + process.pid()).start(this::receiveRest);
    }
  }

  @Override
  public MissingMemory missingMemory() {
    return FakePostCopy.missing(process);
  }

  private void receiveRest() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        FakePostCopy.receive(world, instance, process, () -> closed);
        return;
      } catch (VirtException _) {
        // Its QEMU did not answer, and is asked again.
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public Optional<Boolean> hasLeft() throws VirtException {
    begin("hasLeft");
    return switch (process.stage) {
      case COMPLETED -> Optional.of(true);
      case NONE, FAILED, CANCELLED -> Optional.of(false);
      case ACTIVE, PRE_SWITCHOVER, DEVICE, POSTCOPY, POSTCOPY_PAUSED -> Optional.empty();
    };
  }

  @Override
  public List<ExportState> exports() throws VirtException {
    begin("exports");
    return FakeObjects.exports(world, process);
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
      throws VirtException, InterruptedException {
    begin("mirrorDisks");
    departure.mirror(targets, progress);
    world.after("mirrorDisks");
  }

  @Override
  public void cancelMirrors() throws VirtException {
    begin("cancelMirrors");
    process.mirrors.clear();
    world.after("cancelMirrors");
  }

  @Override
  public boolean canSuppressVmdesc() throws VirtException {
    requireThere();
    return world.canSuppressVmdesc(instance);
  }

  @Override
  public HandOver handOver(
      MemoryTarget target,
      Steering steering,
      boolean handedOver,
      HandOverRecord beforeContinue,
      Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException {
    if (!handedOver && steering.policy().postCopyAllowed() && target.awaitsSource()) {
      process.returnPath = true;
      // One that is only allowed it converges before its deadline.
      process.postCopy |= steering.policy().atDeadline() == MovePolicy.AtDeadline.POST_COPY;
    }
    departure.begins(handedOver);
    begin("handOver");
    return handedOver
        ? departure.goOn()
        : departure.leave(target, steering.keepPaused(), beforeContinue, progress);
  }

  @Override
  public void cancelHandOver() throws VirtException {
    begin("cancelHandOver");
    departure.cancel();
  }

  @Override
  public void recoverAtHome(boolean keepPaused) throws VirtException {
    begin("recoverAtHome");
    departure.bringHome(keepPaused);
    world.after("recoverAtHome");
  }

  @Override
  public void save(WritableByteChannel to, LongConsumer progress) throws VirtException {
    begin("save");
    if (!process.copies.isEmpty()) {
      throw refused("A disk of the guest is being copied.");
    }
    switch (process.state) {
      case RUNNING, PAUSED, POSTMIGRATE, FINISH_MIGRATE -> {}
      case INCOMING, SHUTDOWN, IO_ERROR, ERROR ->
          throw refused("The guest cannot be saved: QEMU says %s.".formatted(process.state));
    }
    process.state = RunState.PAUSED;
    world.course().at(instance, "is being saved");
    try {
      FakeMemory.write(process, to, progress);
    } catch (IOException e) {
      departure.run();
      throw refused("The guest could not be saved: %s.".formatted(e.getMessage()));
    }
    requireThere();
    process.state = RunState.POSTMIGRATE;
    world.course().at(instance, "is saved");
    world.after("save");
  }

  @Override
  public void load(ReadableByteChannel from, LongConsumer progress) throws VirtException {
    begin("load");
    if (process.state != RunState.INCOMING) {
      throw refused("The guest does not wait for its memory.");
    }
    try {
      FakeMemory.read(process, from, progress);
    } catch (IOException e) {
      throw refused("The guest could not be restored: %s.".formatted(e.getMessage()));
    }
    requireThere();
    process.state = RunState.PAUSED;
    world.course().at(instance, "is loaded");
    world.after("load");
  }

  @Override
  public void close() {
    closed = true;
  }

  private void requireThere() throws VirtException {
    if (closed) {
      throw new VirtException(Kind.NO_ANSWER, "The monitor was closed here.", null);
    }
    if (!process.alive()) {
      throw new VirtException(Kind.GONE, "QEMU closed its monitor: it has ended.", null);
    }
  }

  private void begin(String method) throws VirtException {
    requireThere();
    try {
      world.course().at(instance, method);
      world.before(method);
    } catch (VirtException e) {
      if (e.kind() == Kind.GONE) {
        process.die();
      }
      throw e;
    }
  }
}
