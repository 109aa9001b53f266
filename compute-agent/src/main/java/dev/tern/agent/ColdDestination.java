package dev.tern.agent;

import dev.tern.agent.JournalEntry.DisksCreated;
import dev.tern.agent.JournalEntry.Landed;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.LandServer;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ColdDisks;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.virt.DiskImages.Expected;
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
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The host that a server comes to without its guest running. It is this host's from one record on;
 * before that everything here can be made anew, and is from the files that the source still has.
 */
final class ColdDestination {
  private static final Pattern DISK = Pattern.compile("[a-z0-9]{1,32}");

  private final HostName host;
  private final Instances instances;
  private final DestinationCheck checks;
  private final LayerArrival layers;
  private final Receptions receptions;
  private final OwnFiles own;
  private final VirtDriver driver;
  private final Sizing sizing;

  ColdDestination(
      HostName host,
      Instances instances,
      DestinationCheck checks,
      LayerArrival layers,
      Receptions receptions,
      OwnFiles own,
      VirtDriver driver) {
    this.host = host;
    this.instances = instances;
    this.checks = checks;
    this.layers = layers;
    this.receptions = receptions;
    this.own = own;
    this.driver = driver;
    this.sizing = new Sizing(own.secrets(), instances.directories().bases(), driver);
  }

  private static void check(ColdDisks files, LaunchRecipe recipe) {
    List<String> disks = recipe.localDisks().stream().map(LocalDisk::id).sorted().toList();
    if (!files.byDisk().keySet().stream().sorted().toList().equals(disks)
        || !disks.stream().allMatch(id -> DISK.matcher(id).matches())
        || !files.byDisk().values().stream()
            .allMatch(file -> Recipes.isDigest(file.sha256()) && file.sizeBytes() > 0)) {
      throw Refusals.invalid("The source does not say what the files of its disks are.");
    }
  }

  AgentResult receive(Header header, SourceFacts source, ColdDisks files) throws Exception {
    Instance instance = instances.of(header.server());
    if (DestinationSide.alreadyReceiving(instance, header) || landed(instance, header)) {
      return LayersWanted.none(); // A late question: what was to come has come.
    }
    check(files, DiskWays.arriving(header, source));
    checks.reserveIfNotYet(header, source);
    Optional<LayersWanted> open = receptions.open(header);
    if (open.isPresent() && open.get().exports().keySet().equals(files.byDisk().keySet())) {
      return open.get();
    }
    receptions.drop(header.server(), header.epoch());
    return files.byDisk().isEmpty() ? LayersWanted.none() : receptions.open(header, files.bytes());
  }

  private static boolean landed(Instance instance, Header header) throws IOException {
    Standing standing = instance.standing();
    return standing.place() == Place.STOPPED && standing.epoch() == header.epoch();
  }

  AgentResult land(LandServer asked) throws Exception {
    Header header = asked.header();
    Instance instance = instances.of(header.server());
    if (landed(instance, header)) {
      settle(header);
      return new Nothing();
    }
    if (!DestinationSide.alreadyReceiving(instance, header)) {
      LaunchRecipe recipe = DiskWays.arriving(header, asked.source());
      check(asked.files(), recipe);
      LaunchRecipe _ = sizing.sized(recipe, asked.size());
      layers.ensure(recipe, asked.source());
      place(header, instance, recipe, asked);
    }
    instance.append(new Landed(header.epoch()));
    settle(header);
    return new Nothing();
  }

  private void place(Header header, Instance instance, LaunchRecipe recipe, LandServer asked)
      throws Exception {
    Map<String, Path> came = receptions.take(header);
    if (!came.keySet().containsAll(asked.files().byDisk().keySet())) {
      throw new ComputeException(
          ErrorCode.DISK_NOT_FOUND,
          "Not all disks of server %s have come.".formatted(header.server()),
          null);
    }
    for (Map.Entry<String, ImmutableFile> said : asked.files().byDisk().entrySet()) {
      requireSame(said.getKey(), said.getValue(), Objects.requireNonNull(came.get(said.getKey())));
    }
    DestinationSide.endLeftovers(instance, header.epoch());
    instance.remove();
    instance.create();
    try {
      own.secrets().open(recipe, asked.secrets(), instances.keys().agreed(header));
      for (LocalDisk disk : recipe.localDisks()) {
        place(instance, disk, Objects.requireNonNull(came.get(disk.id())));
      }
      LaunchRecipe sized = sizing.sized(recipe, asked.size());
      sizing.grow(sized, instance.directory());
      Durable.syncDirectory(instance.directory());
      Recipes.keep(instance.directory(), Recipes.write(sized), asked.source().images());
      instance.append(new DisksCreated(header.epoch()));
    } catch (IOException | VirtException | RuntimeException e) {
      removeAfter(instance, e);
      throw e;
    }
  }

  private void place(Instance instance, LocalDisk disk, Path came)
      throws IOException, VirtException {
    Path file = disk.in(instance.directory());
    Files.move(came, file);
    // What was compared is the source's file; the one here lies on this host's layer.
    Expected recorded = RecipeFiles.expected(disk, instances.directories().bases());
    driver.images().relink(file, recorded);
    var _ = driver.images().inspect(file, recorded);
  }

  /** Before anything that stands here gives way to it. */
  private static void requireSame(String disk, ImmutableFile said, Path came)
      throws IOException, InterruptedException {
    String sha256 = LayerProofs.digest(came);
    if (!sha256.equals(said.sha256())) {
      throw new ComputeException(
          ErrorCode.IMAGE_UNACCEPTABLE,
          "Disk %s came from the source with sha256 %s instead of %s: it is not used."
              .formatted(disk, sha256, said.sha256()),
          null);
    }
  }

  private static void removeAfter(Instance instance, Exception failure) {
    try {
      instance.remove();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** What was needed only on the way. */
  private void settle(Header header) throws IOException, VirtException {
    receptions.drop(header.server(), header.epoch());
    checks.release(header);
    instances.keys().end(header.server());
  }

  AgentResult clear(Header header) throws Exception {
    Instance instance = instances.of(header.server());
    instance.check(header.epoch()); // it may have waited while a younger one began
    ProbeFiles.remove(instances.directories().instances(), header, host);
    receptions.drop(header.server(), header.epoch());
    Standing standing = instance.standing();
    // What was let go here in this epoch never came from elsewhere.
    boolean ofThis =
        standing.epoch() == header.epoch() && standing.went().epoch() != header.epoch();
    switch (standing.place()) {
      case NOTHING -> {
        if (instance.present() && !instance.belongsToAnotherHost()) {
          remove(header, instance);
        }
      }
      case RECEIVING, STOPPED -> {
        if (ofThis) {
          remove(header, instance);
        }
      }
      case RUNNING -> {
        if (ofThis) {
          throw Refusals.wrongPlace(header.server(), standing, "cleared away");
        }
      }
      case DEFINED, SUSPENDED, INCOMING, HANDED_OVER, DEAD, RETIRED -> {}
    }
    checks.release(header);
    instances.keys().end(header);
    return new Nothing();
  }

  private void remove(Header header, Instance instance) throws IOException, VirtException {
    instance.kill();
    own.secrets().remove(header.server());
    List<String> drives = own.drives().of(instance.directory(), header.server());
    instance.remove();
    own.drives().remove(drives);
  }
}
