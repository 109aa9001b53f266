package dev.tern.agent;

import dev.tern.agent.JournalEntry.Created;
import dev.tern.agent.JournalEntry.Launched;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.virt.DiskImages.ImageFacts;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.Guest;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.KernelBoot;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NicRecipe;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import dev.tern.virt.qemu.RamSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A server's life on one host: built, started, stopped, destroyed. */
final class GuestLife {
  private static final String DISK = "disk0";
  private static final int MAX_VCPUS = 255;
  private static final long MAX_MEMORY_MIB = 16L << 20;
  private static final Duration MAX_GRACE = Duration.ofMinutes(10);

  private final Instances instances;
  private final ImageStore images;
  private final Reservations reservations;
  private final VirtDriver driver;
  private final OwnFiles own;
  private final String cpuModel;

  GuestLife(
      Instances instances,
      ImageStore images,
      Reservations reservations,
      VirtDriver driver,
      OwnFiles own,
      String cpuModel) {
    this.instances = instances;
    this.images = images;
    this.reservations = reservations;
    this.driver = driver;
    this.own = own;
    this.cpuModel = cpuModel;
  }

  /** Repeated after a crash it begins anew: what is not recorded as created is removed first. */
  AgentResult build(Header header, ServerSpec spec) throws Exception {
    Instance instance = instances.of(header.server());
    switch (instance.standing().place()) {
      case DEFINED, RUNNING, STOPPED, SUSPENDED -> {
        return new Nothing();
      }
      case NOTHING -> {}
      case RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), instance.standing(), "built");
    }
    check(spec);
    Header here = new Header(header.request(), header.server(), header.epoch(), Optional.empty());
    reservations.take(here, DiskNeeds.own(bytesOf(spec)), bytes(allImages(spec)));
    try {
      return build(header, spec, instance);
    } finally {
      reservations.release(header.server(), header.epoch());
    }
  }

  private static Map<String, Long> bytes(List<ImageRef> files) {
    return files.stream()
        .collect(Collectors.toMap(ImageRef::sha256, ImageRef::sizeBytes, (a, _) -> a));
  }

  /** An overlay begins with nothing in it. */
  private static long bytesOf(ServerSpec spec) {
    return spec.diskFormat().equals("raw") ? spec.image().sizeBytes() : 0;
  }

  private AgentResult build(Header header, ServerSpec spec, Instance instance) throws Exception {
    ImageFacts base = images.disk(spec.image());
    for (ImageRef file : Stream.concat(spec.kernel().stream(), spec.ramdisk().stream()).toList()) {
      images.file(file);
    }
    instance.remove();
    instance.create();
    try {
      LaunchRecipe recipe = recipe(header.server(), spec, disks(spec, base));
      for (LocalDisk disk : recipe.localDisks()) {
        createDisk(instance.directory(), recipe, disk, spec.image());
      }
      keep(instance, recipe, spec);
      instance.append(new Created(header.epoch()));
      return new Nothing();
    } catch (IOException | VirtException | RuntimeException e) {
      removeAfter(instance, e);
      throw e;
    }
  }

  private void keep(Instance instance, LaunchRecipe recipe, ServerSpec spec)
      throws IOException, VirtException, InterruptedException {
    Path directory = instance.directory();
    if (spec.more().config().isEmpty()) {
      Recipes.keep(directory, Recipes.write(recipe), allImages(spec));
      return;
    }
    own.drives()
        .make(
            directory,
            spec.more().config().get(),
            drive -> {
              List<DiskRecipe> disks = new ArrayList<>(recipe.disks());
              disks.add(drive);
              Recipes.keep(directory, Recipes.write(recipe.withDisks(disks)), allImages(spec));
            });
  }

  private static void check(ServerSpec spec) {
    checkSize(spec.vcpus(), spec.memoryMib());
    require(spec.rootDiskBytes() >= 0, "a disk of no negative size");
    require(
        spec.diskFormat().equals("qcow2") || spec.diskFormat().equals("raw"),
        "a disk format of qcow2 or raw");
    require(
        spec.diskFormat().equals("qcow2") || !spec.more().encrypted(),
        "a disk format of qcow2 when its disks are encrypted");
    List<Long> ephemeral = spec.more().ephemeral();
    require(
        ephemeral.stream().allMatch(bytes -> bytes > 0), "ephemeral disks of more than no bytes");
    require(
        ephemeral.size() < MoreDisks.MOST_LOCAL,
        "at most %d local disks".formatted(MoreDisks.MOST_LOCAL));
    require(spec.ramdisk().isEmpty() || spec.kernel().isPresent(), "a kernel with its ramdisk");
  }

  /**
   * @throws ComputeException INVALID_INPUT when no server is of that size
   */
  static void checkSize(int vcpus, long memoryMib) {
    require(vcpus > 0 && vcpus <= MAX_VCPUS, "1 to 255 processors");
    require(memoryMib > 0 && memoryMib <= MAX_MEMORY_MIB, "1 MiB to 16 TiB of memory");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw Refusals.invalid("A server needs %s.".formatted(what));
    }
  }

  private static List<ImageRef> allImages(ServerSpec spec) {
    return Stream.of(Stream.of(spec.image()), spec.kernel().stream(), spec.ramdisk().stream())
        .flatMap(stream -> stream)
        .distinct()
        .toList();
  }

  private static List<DiskRecipe> disks(ServerSpec spec, ImageFacts base) {
    boolean overlay = spec.diskFormat().equals("qcow2");
    List<DiskRecipe> disks = new ArrayList<>();
    disks.add(
        new LocalDisk(
            DISK,
            DISK + "." + spec.diskFormat(),
            spec.diskFormat(),
            wholeSectors(Math.max(spec.rootDiskBytes(), base.virtualBytes())),
            overlay
                ? List.of(new LayerRecipe(spec.image().sha256(), spec.image().format(), false))
                : List.of(),
            spec.more().encrypted()));
    for (long bytes : spec.more().ephemeral()) {
      String id = "disk" + disks.size();
      disks.add(
          new LocalDisk(
              id,
              id + "." + spec.diskFormat(),
              spec.diskFormat(),
              wholeSectors(bytes),
              List.of(),
              spec.more().encrypted()));
    }
    return disks;
  }

  private LaunchRecipe recipe(ServerId server, ServerSpec spec, List<DiskRecipe> disks)
      throws VirtException {
    HostCapabilities host = driver.capabilities();
    Optional<KernelBoot> kernel =
        spec.kernel()
            .map(k ->
                new KernelBoot(
                    k.sha256(),
                    spec.ramdisk().map(ImageRef::sha256),
                    spec.commandLine().orElse("")));
    return new LaunchRecipe(
        LaunchRecipe.VERSION,
        server.toString(),
        spec.name(),
        host.defaultMachineType(),
        host.accelerator(),
        cpuModel,
        spec.vcpus(),
        RamSize.forGuest(
            Math.toIntExact(spec.memoryMib()), host.accelerator(), host.versionNumber()),
        kernel,
        disks,
        spec.network() ? List.of(new NicRecipe("nic0", macAddress(server))) : List.of(),
        host.defaultMachineType().contains("q35") ? LaunchRecipe.USUAL_PORTS : 0);
  }

  private static long wholeSectors(long bytes) {
    return Math.max(512, (bytes + 511) / 512 * 512);
  }

  /** QEMU's prefix and part of the server's id: the same on every host, and rarely twice. */
  private static String macAddress(ServerId server) {
    long low = server.value().getLeastSignificantBits();
    return "52:54:00:%02x:%02x:%02x".formatted(low >> 16 & 0xff, low >> 8 & 0xff, low & 0xff);
  }

  private void createDisk(Path directory, LaunchRecipe recipe, LocalDisk disk, ImageRef image)
      throws IOException, VirtException {
    Path file = directory.resolve(disk.file());
    if (disk.encrypted()) {
      own.secrets().make(recipe, disk.id());
    }
    driver
        .images()
        .create(
            file,
            new NewImage(
                disk.format(),
                disk.virtualBytes(),
                RecipeFiles.layers(disk.layers(), images.directory()),
                disk.encrypted()
                    ? Optional.of(own.secrets().path(recipe, disk.id()))
                    : Optional.empty(),
                Optional.empty()));
    if (disk.id().equals(DISK) && disk.layers().isEmpty()) {
      driver.images().fill(file, images.path(image.sha256()), image.format());
    }
    if (Files.exists(file)) {
      Durable.sync(file);
    }
  }

  private static void removeAfter(Instance instance, Exception failure) {
    try {
      instance.remove();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  AgentResult start(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case RUNNING -> {
        if (instance.guest().isPresent()) {
          return new Nothing();
        }
        instance.noteStopped("its QEMU was gone");
      }
      case DEFINED, STOPPED -> {}
      case NOTHING -> throw Refusals.absent(header.server());
      case SUSPENDED, RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "started");
    }
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    try {
      instance.start(new Launched(header.epoch()), recipe);
      return new Nothing();
    } catch (VirtException e) {
      instance.noteStopped("it could not be started");
      throw e;
    }
  }

  /**
   * A new QEMU, once for each epoch: the record that it is started has the epoch, so whoever asks
   * again finds it done, however late.
   */
  AgentResult reboot(Header header, Duration grace) throws Exception {
    check(grace);
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    if (standing.place() == Place.RUNNING && standing.epoch() < header.epoch()) {
      Optional<Guest> guest = instance.guest();
      if (guest.isPresent()) {
        guest.get().shutDown(grace);
      }
      instance.noteStopped("it is rebooted");
    }
    if (standing.epoch() < header.epoch()) {
      GuestSuspending.discard(instance, "it is rebooted");
    }
    return start(header);
  }

  private static void check(Duration grace) {
    if (grace.isNegative() || grace.compareTo(MAX_GRACE) > 0) {
      throw Refusals.invalid("A guest has between 0 and 10 minutes to power off.");
    }
  }

  AgentResult stop(Header header, Duration grace) throws Exception {
    check(grace);
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      case RUNNING -> {
        Optional<Guest> guest = instance.guest();
        if (guest.isPresent()) {
          guest.get().shutDown(grace);
        }
        instance.noteStopped("it was stopped");
      }
      case SUSPENDED -> GuestSuspending.discard(instance, "it was stopped");
      case NOTHING, DEFINED, STOPPED, RECEIVING, DEAD, RETIRED -> instance.kill();
      case INCOMING, HANDED_OVER -> throw Refusals.wrongPlace(header.server(), standing, "stopped");
    }
    return new Nothing();
  }

  private static void requireOwn(Header header, Instance instance) throws IOException {
    if (instance.present() && instance.belongsToAnotherHost()) {
      throw new ComputeException(
          ErrorCode.INVALID_SHARED_STORAGE,
          "The directory of server %s is another host's.".formatted(header.server()),
          null);
    }
  }

  /** Whatever stands here goes: the server is being deleted, and no younger request came. */
  AgentResult destroy(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    requireOwn(header, instance);
    instance.kill();
    own.secrets().remove(header.server());
    List<String> drives = own.drives().of(instance.directory(), header.server());
    instance.remove();
    instances.keys().end(header.server());
    reservations.release(header.server(), header.epoch());
    new KeptDisks(instances, own.secrets()).remove(header.server());
    own.drives().remove(drives);
    return new Nothing();
  }

  /**
   * The server lives elsewhere since this host was stated to be down. A QEMU that outlived that is
   * ended first of all: whatever fails then, the guest does not run here.
   */
  AgentResult leave(Header header, boolean keepDisks) throws Exception {
    Instance instance = instances.of(header.server());
    KeptDisks kept = new KeptDisks(instances, own.secrets());
    Standing standing = instance.standing();
    requireOwn(header, instance);
    switch (standing.place()) {
      case NOTHING, RETIRED -> {
        if (keepDisks) {
          return new DisksKept(kept.of(header.server(), header.epoch()).map(Path::toString));
        }
      }
      case DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER -> {}
      case RECEIVING, INCOMING, DEAD ->
          throw Refusals.wrongPlace(header.server(), standing, "left");
    }
    instance.kill();
    if (standing.place() == Place.RUNNING) {
      instance.noteStopped("its host was fenced, and it lives elsewhere");
    }
    GuestSuspending.discard(instance, "its host was fenced, and it lives elsewhere");
    instances.keys().end(header.server());
    reservations.release(header.server(), header.epoch());
    if (keepDisks) {
      kept.leave(header);
      return new DisksKept(kept.of(header.server(), header.epoch()).map(Path::toString));
    }
    own.secrets().remove(header.server());
    List<String> drives = own.drives().of(instance.directory(), header.server());
    instance.remove();
    own.drives().remove(drives);
    return new DisksKept(Optional.empty());
  }

  /** Whether the place is one a server of this host can be in for good. */
  static boolean livesHere(Place place) {
    return switch (place) {
      case DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER -> true;
      case NOTHING, RECEIVING, INCOMING, DEAD, RETIRED -> false;
    };
  }
}
