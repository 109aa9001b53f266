package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Volumes of servers that live here. The recipe is the record: a volume stands in it before the
 * guest has it and until the guest has let go of it, so that whoever was killed in between, asking
 * again ends in one of the two states.
 */
final class VolumePlugging {
  private static final Logger log = LoggerFactory.getLogger(VolumePlugging.class);
  private static final Duration MAX_PATIENCE = Duration.ofMinutes(10);

  private final VirtDriver driver;
  private final boolean oneMachine;

  /**
   * @param oneMachine all hosts are on this machine, so that its loopback is everybody's
   */
  VolumePlugging(VirtDriver driver, boolean oneMachine) {
    this.driver = driver;
    this.oneMachine = oneMachine;
  }

  /**
   * What {@link #attach} would do.
   *
   * @throws ComputeException why it would be refused
   */
  VolumeThere check(ServerDisks disks, VolumeRef volume) {
    NetworkDisk disk = wanted(disks.recipe(), volume);
    return new VolumeThere(disk.virtualBytes(), disk.hotPlugPort());
  }

  VolumeThere attach(ServerDisks disks, VolumeRef volume) throws IOException, VirtException {
    NetworkDisk disk = wanted(disks.recipe(), volume);
    disks.add(disk);
    if (disks.guest().isPresent()) {
      try {
        disks.guest().get().plug(disk);
      } catch (VirtException e) {
        if (e.kind() == Kind.REFUSED) {
          disks.remove(disk.id());
          throw e;
        }
        throw unknown(e);
      }
    }
    say(disks, disk.id(), "volume attached");
    return new VolumeThere(disk.virtualBytes(), disk.hotPlugPort());
  }

  void detach(ServerDisks disks, VolumeRef volume, Duration patience)
      throws IOException, VirtException, InterruptedException {
    if (patience.isNegative() || patience.compareTo(MAX_PATIENCE) > 0) {
      throw Refusals.invalid("A guest has between 0 and 10 minutes to let go of a volume.");
    }
    if (disks.guest().isPresent()) {
      try {
        disks.guest().get().unplug(volume.disk(), patience);
      } catch (VirtException e) {
        if (e.kind() == Kind.REFUSED) {
          throw new ComputeException(
              ErrorCode.DISK_BUSY, "The volume is not detached: " + e.getMessage(), e);
        }
        throw unknown(e);
      }
    }
    disks.remove(volume.disk());
    say(disks, volume.disk(), "volume detached");
  }

  /** It may have happened: whoever asked is to ask again, and nothing is taken back. */
  private static ComputeException unknown(VirtException e) {
    return new ComputeException(
        ErrorCode.MIGRATION_CANCELLED, "QEMU does not say whether it was done.", e);
  }

  private static void say(ServerDisks disks, String disk, String what) {
    log.atInfo().addKeyValue("server", disks.server()).addKeyValue("disk", disk).log(what);
  }

  private NetworkDisk wanted(LaunchRecipe recipe, VolumeRef volume) {
    VolumeAddress at = volume.address();
    for (NetworkDisk there : volumes(recipe).toList()) {
      boolean same = new VolumeAddress(there.host(), there.port(), there.export()).equals(at);
      if (there.id().equals(volume.disk()) && same) {
        return there;
      }
      if (there.id().equals(volume.disk()) || same) {
        throw new ComputeException(
            ErrorCode.VOLUME_IN_USE,
            "Server %s has the volume %s already.".formatted(recipe.serverId(), there.url()),
            null);
      }
    }
    if (at.loopback() && !oneMachine) {
      throw new ComputeException(
          ErrorCode.VOLUME_UNACCEPTABLE,
          "The volume %s is at an address that means another machine on each host: name the one that serves it."
              .formatted(at.uri()),
          null);
    }
    int port = freePort(recipe);
    return new NetworkDisk(volume.disk(), at.host(), at.port(), at.export(), size(at), port);
  }

  private long size(VolumeAddress at) {
    try {
      return driver.volumeBytes(at.host(), at.port(), at.export());
    } catch (VirtException e) {
      throw new ComputeException(ErrorCode.VOLUME_UNREACHABLE, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Whether this host sees every volume of a guest that is to come.
   *
   * @throws ComputeException VOLUME_UNREACHABLE, naming the one it does not see
   */
  static void requireReachable(LaunchRecipe recipe, VirtDriver driver) {
    for (NetworkDisk volume : volumes(recipe).toList()) {
      try {
        driver.volumeBytes(volume.host(), volume.port(), volume.export());
      } catch (VirtException e) {
        throw new ComputeException(ErrorCode.VOLUME_UNREACHABLE, String.valueOf(e.getMessage()), e);
      }
    }
  }

  private static Stream<NetworkDisk> volumes(LaunchRecipe recipe) {
    return recipe.disks().stream()
        .filter(NetworkDisk.class::isInstance)
        .map(NetworkDisk.class::cast);
  }

  private static int freePort(LaunchRecipe recipe) {
    Set<Integer> taken = volumes(recipe).map(NetworkDisk::hotPlugPort).collect(Collectors.toSet());
    for (int port = 1; port <= recipe.hotPlugPorts(); port++) {
      if (!taken.contains(port)) {
        return port;
      }
    }
    List<String> there = volumes(recipe).map(DiskRecipe::id).toList();
    throw new ComputeException(
        ErrorCode.NO_FREE_PORT,
        "Server %s can have %d volumes and has %s: detach one first."
            .formatted(recipe.serverId(), recipe.hotPlugPorts(), there),
        null);
  }
}
