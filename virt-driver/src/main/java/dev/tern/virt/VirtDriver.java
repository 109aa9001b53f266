package dev.tern.virt;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The hypervisor of one host. {@link dev.tern.virt.qemu.QemuDriver} is the real one; a fake keeps
 * the same contract test.
 *
 * <p>Safe for use by many threads; calls about one instance directory must not overlap (the agent's
 * per-instance lock sees to that).
 */
public interface VirtDriver {

  /**
   * What this host offers: asked once of the installed QEMU and then remembered.
   *
   * @throws VirtException {@code REFUSED} when there is no usable QEMU, naming what to install
   */
  HostCapabilities capabilities() throws VirtException;

  /** Disk images of instances and bases on this host. */
  DiskImages images();

  /** Whole files to and from other hosts. */
  LayerTransfer layers();

  /**
   * The size of a volume that another machine serves over NBD, asked from this host.
   *
   * @throws VirtException {@code REFUSED} when nobody serves it there
   */
  long volumeBytes(String host, int port, String export) throws VirtException;

  /**
   * Starts a QEMU for the recipe in the instance directory and connects to its monitor.
   *
   * <p>On success the process outlives this JVM and its pid and start time are in the directory, so
   * that {@link #adopt} finds it again. On failure no process is left and the message carries
   * QEMU's own words.
   */
  Guest launch(LaunchRecipe recipe, Path instanceDirectory, LaunchMode mode) throws VirtException;

  /**
   * Connects to a QEMU started earlier, by this or a former agent process. Empty when that process
   * is gone (pid absent, or given to another program since, or a zombie).
   *
   * @throws VirtException {@code NO_ANSWER} when the process is there but its monitor does not
   *     answer within its deadline
   */
  Optional<Guest> adopt(Path instanceDirectory) throws VirtException;

  /**
   * The hypervisor's processes on this machine that were started with a path below the directory,
   * whoever started them.
   *
   * @throws VirtException {@code NO_ANSWER} when the processes cannot be looked at
   */
  List<HypervisorProcess> processesBelow(Path directory) throws VirtException;

  /** How a guest is started. */
  enum LaunchMode {
    /** Boots and runs at once. */
    RUN,
    /** {@code -S -incoming defer}: waits for a migration stream and never runs by itself. */
    INCOMING
  }
}
