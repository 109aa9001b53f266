package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver;
import java.io.IOException;
import java.util.List;

/** Whether a guest could live here. Each refusal has its own name and both figures. */
final class DestinationCheck {
  private final HostName host;
  private final VirtDriver driver;
  private final ImageStore images;
  private final HostFigures figures;
  private final AgentSettings settings;

  DestinationCheck(
      HostName host,
      VirtDriver driver,
      ImageStore images,
      HostFigures figures,
      AgentSettings settings) {
    this.host = host;
    this.driver = driver;
    this.images = images;
    this.figures = figures;
    this.settings = settings;
  }

  /** The facts, without the probe file. */
  DestinationFacts check(
      Header header, Instance instance, SourceFacts source, boolean diskOverCommit)
      throws Exception {
    LaunchRecipe recipe = Recipes.read(source.recipe(), header.server());
    checkHypervisor(source, recipe);
    checkNotHere(instance);
    return checkDisk(source, diskOverCommit);
  }

  private void checkHypervisor(SourceFacts source, LaunchRecipe recipe) throws Exception {
    if (!source.hypervisorType().equals(SourceSide.HYPERVISOR)) {
      throw refused(
          ErrorCode.INVALID_HYPERVISOR_TYPE,
          "The supplied hypervisor type is invalid: %s on the source, %s on host %s."
              .formatted(source.hypervisorType(), SourceSide.HYPERVISOR, host));
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

  private DestinationFacts checkDisk(SourceFacts source, boolean diskOverCommit)
      throws IOException {
    List<ImageRef> missing = images.missing(source.images());
    long images = missing.stream().mapToLong(ImageRef::sizeBytes).sum();
    long disks = diskOverCommit ? source.allocatedBytes() : source.virtualBytes();
    long needed = disks + images + settings.diskMargin().toBytes();
    long free = Math.max(0, figures.diskFreeBytes() - settings.diskReserve().toBytes());
    if (needed > free) {
      throw refused(
          ErrorCode.DESTINATION_LACKS_DISK,
          "Disk of instance is too large (available on destination host %s: %d < need: %d bytes)."
              .formatted(host, free, needed));
    }
    return new DestinationFacts("", needed, free, missing.stream().map(ImageRef::sha256).toList());
  }

  private static String text(int version) {
    return "%d.%d.%d".formatted(version / 1_000_000, version / 1_000 % 1_000, version % 1_000);
  }

  private static ComputeException refused(ErrorCode code, String message) {
    return new ComputeException(code, message, null);
  }
}
