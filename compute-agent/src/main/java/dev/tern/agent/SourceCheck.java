package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What is asked of a guest's host before anything is made for its migration. */
final class SourceCheck {
  static final String HYPERVISOR = "QEMU";

  private final Instances instances;
  private final VirtDriver driver;
  private final LayerDeparture layers;
  private final Moves moves;

  SourceCheck(Instances instances, VirtDriver driver, LayerDeparture layers, Moves moves) {
    this.instances = instances;
    this.driver = driver;
    this.layers = layers;
    this.moves = moves;
  }

  AgentResult describe(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    Guest guest = running(instance, "described");
    requireCommands(header, guest);
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    HostCapabilities host = driver.capabilities();
    Map<String, DiskRecipe> recorded =
        recipe.disks().stream().collect(Collectors.toMap(DiskRecipe::id, Function.identity()));
    DescribedDisks described =
        new DescribedDisks(driver.images(), instance.directory(), instances.directories().bases());
    List<DiskFacts> disks = new ArrayList<>();
    for (Guest.DiskState disk : guest.disks()) {
      DiskRecipe known = recorded.get(disk.diskId());
      if (known == null) {
        throw new ComputeException(
            ErrorCode.HYPERVISOR_FAILED,
            "The QEMU of server %s has a disk %s that its recipe has not."
                .formatted(header.server(), disk.diskId()),
            null);
      }
      disks.add(described.facts(disk, known));
    }
    requireAll(header, recorded.keySet(), disks);
    return new SourceFacts(
        Recipes.write(recipe.portable()),
        HYPERVISOR,
        host.versionNumber(),
        recipe.machineType(),
        recipe.accelerator(),
        recipe.vcpus(),
        recipe.memoryKib() / 1024,
        disks,
        Recipes.images(instance.directory()),
        layers.describe(recipe),
        guest.runState() == RunState.PAUSED,
        Optional.of(moves.wishes()),
        guest.canSuppressVmdesc());
  }

  /** Whether its guest runs or not: it is to move with nobody running it. */
  AgentResult describeServer(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    return stands(instance, header) ? describeStopped(header, instance) : describe(header);
  }

  private static boolean stands(Instance instance, Header header) throws IOException {
    Standing standing = instance.standing();
    return switch (standing.place()) {
      case DEFINED, STOPPED -> true;
      case HANDED_OVER -> standing.went().epoch() == header.epoch() && !standing.went().sent();
      case NOTHING, RUNNING, SUSPENDED, RECEIVING, INCOMING, DEAD, RETIRED -> false;
    };
  }

  private AgentResult describeStopped(Header header, Instance instance)
      throws IOException, VirtException {
    LaunchRecipe recipe = Recipes.recipe(instance.directory(), header.server());
    HostCapabilities host = driver.capabilities();
    DescribedDisks described =
        new DescribedDisks(driver.images(), instance.directory(), instances.directories().bases());
    List<DiskFacts> disks = new ArrayList<>();
    for (DiskRecipe disk : recipe.disks()) {
      disks.add(described.stopped(disk));
    }
    return new SourceFacts(
        Recipes.write(recipe.portable()),
        HYPERVISOR,
        host.versionNumber(),
        recipe.machineType(),
        recipe.accelerator(),
        recipe.vcpus(),
        recipe.memoryKib() / 1024,
        disks,
        Recipes.images(instance.directory()),
        layers.describe(recipe),
        false,
        Optional.empty(),
        false);
  }

  /** Asked of the guest's own QEMU: it may have been started before the host's was upgraded. */
  private static void requireCommands(Header header, Guest guest) throws VirtException {
    List<String> missing = guest.missingCommands();
    if (!missing.isEmpty()) {
      throw new ComputeException(
          ErrorCode.SOURCE_LACKS_QEMU_FEATURE,
          "The QEMU that runs server %s lacks %s: stop and start the server on a host whose QEMU has it."
              .formatted(header.server(), String.join(", ", missing)),
          null);
    }
  }

  /** The destination gets what the recipe says; a guest that lacks some of it could not arrive. */
  private static void requireAll(Header header, Set<String> recorded, List<DiskFacts> disks) {
    Set<String> missing = new TreeSet<>(recorded);
    disks.forEach(disk -> missing.remove(disk.id()));
    if (!missing.isEmpty()) {
      throw new ComputeException(
          ErrorCode.MIGRATION_PRE_CHECK_ERROR,
          "The guest of server %s has let go of %s, which it still is to have: detach it, or stop and start the server."
              .formatted(header.server(), missing),
          null);
    }
  }

  AgentResult check(Header header, String probeFile, BlockMigration blockMigration)
      throws Exception {
    running(instances.of(header.server()), "migrated");
    boolean shared =
        Files.exists(
            ProbeFiles.resolve(instances.directories().instances(), probeFile),
            LinkOption.NOFOLLOW_LINKS);
    switch (blockMigration) {
      case YES -> {
        if (shared) {
          throw new ComputeException(
              ErrorCode.INVALID_LOCAL_STORAGE,
              "Server %s is not on local storage: Block migration can not be used with shared storage."
                  .formatted(header.server()),
              null);
        }
      }
      case NO, AUTO -> {
        if (shared) {
          throw new ComputeException(
              ErrorCode.INVALID_SHARED_STORAGE,
              "Server %s is not on shared storage that this release can migrate on: source and destination use one directory."
                  .formatted(header.server()),
              null);
        }
        if (blockMigration == BlockMigration.NO) {
          throw new ComputeException(
              ErrorCode.INVALID_SHARED_STORAGE,
              "Server %s is not on shared storage: Shared storage live-migration requires either shared storage or boot-from-volume with no local disks."
                  .formatted(header.server()),
              null);
        }
      }
    }
    return new Nothing();
  }

  static Guest running(Instance instance, String wish) throws Exception {
    Standing standing = instance.standing();
    return switch (standing.place()) {
      case RUNNING -> instance.runningGuest();
      case NOTHING -> throw Refusals.absent(instance.server());
      case DEFINED, STOPPED, SUSPENDED, RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(instance.server(), standing, wish);
    };
  }
}
