package dev.tern.agent;

import dev.tern.agent.Reservations.Room;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether a guest could live here. Each refusal has its own name and both figures. */
final class DestinationCheck {
  private final HostName host;
  private final VirtDriver driver;
  private final LayerArrival layers;
  private final Reservations reservations;
  private final DiskPlacement placement;

  DestinationCheck(
      HostName host,
      VirtDriver driver,
      LayerArrival layers,
      Reservations reservations,
      DiskPlacement placement) {
    this.host = host;
    this.driver = driver;
    this.layers = layers;
    this.reservations = reservations;
    this.placement = placement;
  }

  /** The facts, without the probe file. */
  DestinationFacts check(
      Header header, Instance instance, SourceFacts source, boolean diskOverCommit)
      throws IOException, VirtException, InterruptedException {
    LaunchRecipe recipe = DiskWays.arriving(header, source);
    checkHypervisor(source, recipe);
    checkNotHere(instance);
    Map<String, String> files = placement.files(header, recipe);
    VolumePlugging.requireReachable(recipe, driver);
    List<ImmutableFile> needed = LayerArrival.needed(recipe, source);
    Room room =
        reservations.check(header, placement.needs(recipe, source, diskOverCommit), bytes(needed));
    return new DestinationFacts(
        "",
        room.needed(),
        room.available(),
        layers.unproven(needed),
        Optional.of(layers.absent(needed)),
        Optional.of(files));
  }

  private void checkHypervisor(SourceFacts source, LaunchRecipe recipe) throws VirtException {
    if (!source.hypervisorType().equals(SourceCheck.HYPERVISOR)) {
      throw refused(
          ErrorCode.INVALID_HYPERVISOR_TYPE,
          "The supplied hypervisor type is invalid: %s on the source, %s on host %s."
              .formatted(source.hypervisorType(), SourceCheck.HYPERVISOR, host));
    }
    HostCapabilities here = driver.capabilities();
    if (here.versionNumber() < source.hypervisorVersion()) {
      throw refused(
          ErrorCode.DESTINATION_HYPERVISOR_TOO_OLD,
          "The instance requires a newer hypervisor version than has been provided: %s on the source, %s on host %s."
              .formatted(text(source.hypervisorVersion()), text(here.versionNumber()), host));
    }
    if (!here.machineTypes().contains(recipe.machineType())) {
      throw refused(
          ErrorCode.DESTINATION_LACKS_MACHINE_TYPE,
          "Machine type %s is unknown to QEMU %s on host %s."
              .formatted(recipe.machineType(), here.version(), host));
    }
    if (!here.accelerator().equals(recipe.accelerator())) {
      throw refused(
          ErrorCode.DESTINATION_ACCELERATOR_DIFFERS,
          "The guest runs under %s, and host %s has %s (%s)."
              .formatted(recipe.accelerator(), host, here.accelerator(), here.acceleratorReason()));
    }
    if (!here.missingCommands().isEmpty()) {
      throw refused(
          ErrorCode.DESTINATION_LACKS_QEMU_FEATURE,
          "QEMU %s on host %s lacks %s."
              .formatted(here.version(), host, String.join(", ", here.missingCommands())));
    }
  }

  /** Leftovers of a migration that ended are no obstacle; they go when the disks are created. */
  private void checkNotHere(Instance instance) throws IOException {
    if (!instance.present() || instance.belongsToAnotherHost()) {
      // On shared storage it is the source's own; the source finds that by the probe file.
      return;
    }
    if (GuestLife.livesHere(instance.standing().place())
        || instance.standing().place() == Standing.Place.NOTHING) {
      throw refused(
          ErrorCode.DESTINATION_DISK_EXISTS,
          "The supplied disk path (%s) already exists, it is expected not to exist."
              .formatted("instances/" + instance.server()));
    }
  }

  /** Reserves what {@link #check} asked for. */
  void reserve(Header header, SourceFacts source, boolean diskOverCommit) throws Exception {
    LaunchRecipe recipe = DiskWays.arriving(header, source);
    List<ImmutableFile> needed = LayerArrival.needed(recipe, source);
    reservations.take(header, placement.needs(recipe, source, diskOverCommit), bytes(needed));
  }

  private static Map<String, Long> bytes(List<ImmutableFile> needed) {
    return needed.stream()
        .collect(Collectors.toMap(ImmutableFile::sha256, ImmutableFile::sizeBytes));
  }

  /** The same, when nobody asked for it before. */
  void reserveIfNotYet(Header header, SourceFacts source) throws Exception {
    if (!reservations.has(header)) {
      reserve(header, source, true);
    }
  }

  /** Whatever was reserved for the server up to this epoch is free again. */
  void release(Header header) throws IOException {
    reservations.release(header.server(), header.epoch());
  }

  private static String text(int version) {
    return "%d.%d.%d".formatted(version / 1_000_000, version / 1_000 % 1_000, version % 1_000);
  }

  private static ComputeException refused(ErrorCode code, String message) {
    return new ComputeException(code, message, null);
  }
}
