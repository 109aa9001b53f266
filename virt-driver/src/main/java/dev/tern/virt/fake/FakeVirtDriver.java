package dev.tern.virt.fake;

import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.HypervisorProcess;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LayerTransfer;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Simulated guests in a {@link FakeWorld}. */
public final class FakeVirtDriver implements VirtDriver {
  /** What a fake host offers unless told otherwise. */
  public static final HostCapabilities USUAL =
      new HostCapabilities(
          "fake",
          "7.2.22",
          7_002_022,
          List.of("pc-q35-7.1", "pc-q35-7.2"),
          "pc-q35-7.2",
          List.of("max", "qemu64"),
          Map.of("max", List.of("avx2", "sse2"), "qemu64", List.of("sse2")),
          "tcg",
          "Guests are simulated.",
          List.of());

  private final FakeWorld world;
  private final HostCapabilities capabilities;
  private final Clock clock;
  private final FakeImages images;
  private final FakeLayers layers;

  public FakeVirtDriver(FakeWorld world, Clock clock) {
    this(world, clock, USUAL);
  }

  public FakeVirtDriver(FakeWorld world, Clock clock, HostCapabilities capabilities) {
    this.world = world;
    this.clock = clock;
    this.capabilities = capabilities;
    this.images = new FakeImages(world);
    this.layers = new FakeLayers(world);
  }

  @Override
  public HostCapabilities capabilities() throws VirtException {
    world.before("capabilities");
    return capabilities;
  }

  @Override
  public List<HypervisorProcess> processesBelow(Path directory) throws VirtException {
    world.before("processesBelow");
    return world.below(directory);
  }

  @Override
  public DiskImages images() {
    return images;
  }

  @Override
  public LayerTransfer layers() {
    return layers;
  }

  @Override
  public long volumeBytes(String host, int port, String export) throws VirtException {
    world.before("volumeBytes");
    return world.volume(host, port, export);
  }

  @Override
  public Guest launch(LaunchRecipe recipe, Path instanceDirectory, LaunchMode mode)
      throws VirtException {
    world.before("launch");
    if (!Files.isDirectory(instanceDirectory)) {
      throw refused("%s is not a directory.".formatted(instanceDirectory));
    }
    if (world.at(instanceDirectory).isPresent()) {
      throw refused("A QEMU runs in %s already.".formatted(instanceDirectory));
    }
    if (!capabilities.machineTypes().contains(recipe.machineType())) {
      throw refused("unsupported machine type " + recipe.machineType());
    }
    // Base images lie where a host keeps them: beside the directory of its instances.
    RecipeFiles.check(recipe, instanceDirectory, bases(instanceDirectory), images);
    FakeProcess process =
        new FakeProcess(
            recipe,
            world.nextPid(),
            switch (mode) {
              case RUN -> RunState.RUNNING;
              case INCOMING -> RunState.INCOMING;
            });
    touchConsole(instanceDirectory);
    world.course().at(instanceDirectory, "launch");
    world.start(instanceDirectory, process);
    world.course().at(instanceDirectory, "launched");
    world.after("launch");
    return new FakeGuest(world, process, instanceDirectory, clock);
  }

  @Override
  public Optional<Guest> adopt(Path instanceDirectory) throws VirtException {
    world.before("adopt");
    return world
        .at(instanceDirectory)
        .map(process -> new FakeGuest(world, process, instanceDirectory, clock));
  }

  /** As a real one does. */
  private static void touchConsole(Path instanceDirectory) throws VirtException {
    Path console = instanceDirectory.resolve("console.log");
    try {
      if (!Files.exists(console)) {
        Files.createFile(
            console,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be made.".formatted(console), e);
    }
  }

  private static Path bases(Path instanceDirectory) {
    Path instances = instanceDirectory.toAbsolutePath().getParent();
    return instances == null ? instanceDirectory : instances.resolveSibling("_base");
  }

  static VirtException refused(String why) {
    return new VirtException(Kind.REFUSED, why, null);
  }
}
