package dev.tern.agent;

import dev.tern.agent.JournalEntry.Dead;
import dev.tern.agent.JournalEntry.DisksCreated;
import dev.tern.agent.JournalEntry.IncomingPrepared;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.Streams;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.DiskImages.Shape;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.ArrivalPermit;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The half of a migration that takes the guest in. */
final class DestinationSide {
  private final HostName host;
  private final Instances instances;
  private final DestinationCheck checks;
  private final LayerArrival layers;
  private final DiskSecrets secrets;
  private final KeptDisks kept;
  private final VirtDriver driver;
  private final Listeners listeners;

  DestinationSide(
      HostName host,
      Instances instances,
      DestinationCheck checks,
      LayerArrival layers,
      DiskSecrets secrets,
      VirtDriver driver,
      Listeners listeners) {
    this.host = host;
    this.instances = instances;
    this.checks = checks;
    this.layers = layers;
    this.secrets = secrets;
    this.kept = new KeptDisks(instances, secrets);
    this.driver = driver;
    this.listeners = listeners;
  }

  AgentResult check(Header header, SourceFacts source, boolean diskOverCommit) throws Exception {
    DestinationFacts facts =
        checks.check(header, instances.of(header.server()), source, diskOverCommit);
    String probe = ProbeFiles.write(instances.directories().instances(), header, host);
    return new DestinationFacts(
        probe,
        facts.neededBytes(),
        facts.freeBytes(),
        facts.missingImages(),
        facts.absent(),
        facts.files());
  }

  AgentResult endCheck(String probeFile) throws Exception {
    Files.deleteIfExists(ProbeFiles.resolve(instances.directories().instances(), probeFile));
    return new Nothing();
  }

  /** Ends the check too. */
  AgentResult reserveSpace(Header header, SourceFacts source, boolean diskOverCommit)
      throws Exception {
    ProbeFiles.remove(instances.directories().instances(), header, host);
    checks.reserve(header, source, diskOverCommit);
    return new Nothing();
  }

  AgentResult releaseSpace(Header header) throws Exception {
    checks.release(header);
    return new Nothing();
  }

  AgentResult createDisks(Header header, SourceFacts source, Map<String, String> sealed)
      throws Exception {
    Instance instance = instances.of(header.server());
    if (alreadyReceiving(instance, header)) {
      return new Nothing();
    }
    LaunchRecipe recipe = DiskWays.arriving(header, source);
    checks.reserveIfNotYet(header, source);
    layers.ensure(recipe, source);
    // Fetching takes long: it may have been declared dead meanwhile.
    if (alreadyReceiving(instance, header)) {
      return new Nothing();
    }
    endLeftovers(instance, header.epoch());
    instance.remove();
    instance.create();
    try {
      secrets.open(recipe, sealed, instances.keys().agreed(header));
      for (LocalDisk disk : recipe.localDisks()) {
        create(instance, recipe, disk, DiskWays.shape(disk.id(), source));
      }
      Recipes.keep(instance.directory(), Recipes.write(recipe), imagesOf(recipe, source));
      instance.append(new DisksCreated(header.epoch()));
      return new Nothing();
    } catch (IOException | VirtException | RuntimeException e) {
      removeAfter(instance, e);
      throw e;
    }
  }

  private void create(Instance instance, LaunchRecipe recipe, LocalDisk disk, Optional<Shape> shape)
      throws VirtException, IOException {
    Storages storages = instances.directories().storages();
    Path directory = storages.arriving(instance.server(), instance.directory(), disk.storage());
    Path file = directory.resolve(disk.file());
    driver
        .images()
        .create(
            file,
            new NewImage(
                disk.format(),
                disk.virtualBytes(),
                RecipeFiles.layers(disk.layers(), instances.directories().bases()),
                disk.encrypted() ? Optional.of(secrets.path(recipe, disk.id())) : Optional.empty(),
                shape));
    if (Files.exists(file)) {
      Durable.sync(file);
      Durable.syncDirectory(directory);
    }
  }

  /** A disk that arrives in full needs its layers no more. */
  private static List<ImageRef> imagesOf(LaunchRecipe recipe, SourceFacts source) {
    Set<String> needed = Recipes.files(recipe).collect(Collectors.toSet());
    return source.images().stream().filter(image -> needed.contains(image.sha256())).toList();
  }

  private static void removeAfter(Instance instance, Exception failure) {
    try {
      instance.remove();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Whether the disks were made for this epoch.
   *
   * @throws ComputeException when they must not be made
   */
  static boolean alreadyReceiving(Instance instance, Header header) throws IOException {
    Standing standing = instance.standing();
    boolean mine = standing.epoch() == header.epoch();
    boolean allowed =
        switch (standing.place()) {
          case RECEIVING, INCOMING, RETIRED -> true;
          case DEAD -> !mine;
          case NOTHING -> !instance.present() || !instance.belongsToAnotherHost();
          case DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER -> false;
        };
    if (!allowed) {
      throw Refusals.wrongPlace(header.server(), standing, "received");
    }
    return mine && (standing.place() == Place.RECEIVING || standing.place() == Place.INCOMING);
  }

  /** An incoming copy of an earlier migration: dead by record first, then by deed. */
  static void endLeftovers(Instance instance, long epoch) throws IOException, VirtException {
    switch (instance.standing().place()) {
      case RECEIVING, INCOMING, DEAD -> {
        instance.append(new Dead(epoch));
        instance.kill();
      }
      case RETIRED -> instance.kill();
      case NOTHING, DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER -> {}
    }
  }

  AgentResult deleteDisks(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    instance.check(header.epoch()); // it may have waited while a younger one made disks
    Standing standing = instance.standing();
    switch (standing.place()) {
      case NOTHING -> {
        if (!instance.present()) {
          instance.removeRest();
          return new Nothing();
        }
        if (instance.belongsToAnotherHost()) {
          return new Nothing();
        }
      }
      case RECEIVING, DEAD, RETIRED -> {}
      case INCOMING, DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER ->
          throw Refusals.wrongPlace(header.server(), standing, "deleted");
    }
    instance.kill();
    secrets.remove(header.server());
    instance.remove();
    return new Nothing();
  }

  AgentResult keepDisks(Header header) throws Exception {
    instances.of(header.server()).check(header.epoch()); // as above
    Optional<Path> copy = kept.keep(header);
    AgentResult _ = deleteDisks(header); // where nothing had come, or something came late
    return new DisksKept(copy.map(Path::toString));
  }

  /**
   * Starts a QEMU that waits for the guest, once there are ports for it.
   *
   * @param awaitSource it may come by post-copy; see {@link ArrivalPermit#sourceLetGo}
   * @param waits told what for while there are none
   */
  AgentResult startIncoming(
      Header header,
      SourceFacts source,
      Streams streams,
      boolean awaitSource,
      Consumer<String> waits)
      throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    Arriving arriving =
        Arriving.of(DiskWays.arriving(header, source), source, streams, awaitSource);
    return switch (standing.place()) {
      case RECEIVING -> {
        if (standing.epoch() != header.epoch()) {
          throw Refusals.wrongPlace(header.server(), standing, "received");
        }
        var _ = instances.keys().stream(header); // without one nothing is begun
        // Before QEMU takes the guest's memory, and before the record that it may run.
        try (Ports.Pair ports = listeners.awaitPorts(instance, Place.RECEIVING, waits)) {
          instance.append(new IncomingPrepared(header.epoch(), source.paused()));
          yield started(header, instance, arriving, ports);
        }
      }
      case INCOMING -> {
        if (standing.epoch() != header.epoch()) {
          throw Refusals.wrongPlace(header.server(), standing, "received");
        }
        // A copy whose QEMU died may have a damaged disk: it is never started again.
        Guest guest = instance.runningGuest();
        IncomingReady ready = listeners.openAgain(header, instance, guest, arriving);
        if (instance.arrival().isEmpty()) {
          watchArrival(instance, header.epoch(), standing.came().paused());
        }
        yield ready;
      }
      case NOTHING -> throw Refusals.absent(header.server());
      case DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "received");
    };
  }

  private IncomingReady started(
      Header header, Instance instance, Arriving arriving, Ports.Pair ports) throws Exception {
    if (!arriving.recipe().equals(Recipes.recipe(instance.directory(), header.server()))) {
      throw Refusals.invalid("The launch recipe is not the one the disks were made for.");
    }
    Guest guest = instance.startIncoming(arriving.recipe());
    try {
      IncomingReady ready = listeners.open(header, instance, guest, arriving, ports);
      watchArrival(instance, header.epoch(), arriving.paused());
      return ready;
    } catch (IOException | VirtException | RuntimeException e) {
      killAfter(guest, e);
      throw e;
    }
  }

  private void watchArrival(Instance instance, long epoch, boolean paused)
      throws IOException, VirtException {
    instance.watchArrival(epoch, paused);
    instances.keys().endAtArrival(instance);
  }

  private static void killAfter(Guest guest, Exception failure) {
    try {
      guest.kill();
    } catch (VirtException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Records that the copy here never runs in this epoch. Whatever still prepares it fails at its
   * next record.
   */
  void recordDead(Header header) throws IOException {
    Instance instance = instances.of(header.server());
    instance.check(header.epoch());
    Standing standing = instance.standing();
    if (GuestLife.livesHere(standing.place()) || standing.place() == Place.RETIRED) {
      throw Refusals.wrongPlace(header.server(), standing, "ended as an incoming copy");
    }
    if (standing.place() == Place.NOTHING) {
      instance.create();
    }
    if (standing.place() != Place.DEAD || standing.epoch() != header.epoch()) {
      instance.append(new Dead(header.epoch()));
    }
  }

  AgentResult killIncoming(Header header) throws Exception {
    recordDead(header);
    Instance instance = instances.of(header.server());
    instance.kill();
    instances.keys().end(header.server());
    return GuestReports.of(instance);
  }

  /**
   * Empty while the guest is under way; holds the question for a while. A guest that came while no
   * agent was here is let run by this: who asks counts on this host.
   *
   * @param sourceLetGo its source's QEMU cannot run it by itself any more
   */
  Optional<AgentResult> awaitArrival(Header header, boolean sourceLetGo, Jobs jobs)
      throws Exception {
    Instance instance = instances.of(header.server());
    letRun(header, instance);
    if (sourceLetGo) {
      instance.sourceLetGo(header.epoch());
    }
    Optional<CompletableFuture<Arrival>> arrival = instance.arrival();
    if (arrival.isPresent() && instance.standing().epoch() == header.epoch()) {
      Optional<Arrival> told = jobs.hold(arrival.get());
      if (told.isEmpty()) {
        return Optional.empty();
      }
      if (told.get() instanceof Arrival.Failed(String reason)) {
        if (instance.standing().came().epoch() != header.epoch()) {
          throw new ComputeException(
              ErrorCode.HYPERVISOR_FAILED,
              "Server %s did not arrive: %s.".formatted(header.server(), reason),
              null);
        }
        if (stands(header, instance)) {
          // It is recorded as arrived and QEMU did not hear that it may run: it is told again, and
          // its source is kept until it has heard.
          watchArrival(instance, header.epoch(), instance.standing().came().paused());
          if (sourceLetGo) {
            instance.sourceLetGo(header.epoch());
          }
          return Optional.empty();
        }
      }
    }
    Optional<AgentResult> arrived = arrived(header, instance);
    if (arrived.isPresent()) {
      checks.release(header);
    }
    return arrived;
  }

  private void letRun(Header header, Instance instance) throws IOException, VirtException {
    if (instance.arrival().isEmpty() && stands(header, instance)) {
      watchArrival(instance, header.epoch(), instance.standing().came().paused());
    }
  }

  /** Its QEMU is here, and nobody knows that the guest runs in it. */
  private static boolean stands(Header header, Instance instance)
      throws IOException, VirtException {
    Standing standing = instance.standing();
    boolean waits =
        switch (standing.place()) {
          case INCOMING -> standing.epoch() == header.epoch();
          case RUNNING -> standing.arrivedIn(header.epoch()) && !standing.came().resumed();
          case NOTHING, DEFINED, STOPPED, SUSPENDED, RECEIVING, HANDED_OVER, DEAD, RETIRED -> false;
        };
    return waits && instance.guest().isPresent();
  }

  private static Optional<AgentResult> arrived(Header header, Instance instance)
      throws IOException, VirtException {
    Standing standing = instance.standing();
    if (standing.came().epoch() == header.epoch()) {
      return Optional.of(new Arrived(standing.came().stamps()));
    }
    return switch (standing.place()) {
      case INCOMING -> {
        if (standing.epoch() != header.epoch()) {
          throw Refusals.wrongPlace(header.server(), standing, "awaited");
        }
        instance.runningGuest();
        yield Optional.empty();
      }
      case NOTHING -> throw Refusals.absent(header.server());
      case RECEIVING, DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "awaited");
    };
  }
}
