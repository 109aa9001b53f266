package dev.tern.virt;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Copies of a running guest's disks to other files of the same host or to exports of foreign NBD
 * servers, and snapshots of them. QEMU does the work; whoever asks may go away and another may come
 * back for it, because everything is found again by asking QEMU.
 *
 * <pre>
 *   ABSENT ── start ──▶ RUNNING ──▶ READY ──┬─ pivot ──▶ PIVOTED   the guest writes to the copy
 *      ▲                   │          │     └─ finish ─▶ (ABSENT)  the copy is a point in time
 *      └────── drop ───────┴──────────┘
 *              RUNNING or READY ──▶ FAILED  the copy is worthless, the guest never noticed
 * </pre>
 *
 * <p>One copy of a disk at a time, and none while the disk is mirrored to another host. A copy has
 * a tag, which nobody gives twice; QEMU's names derive from it.
 */
public interface DiskCopies {

  /** The disks as QEMU has them now, with the file each is on. */
  List<DiskNode> disks() throws VirtException;

  /**
   * Starts copying, or finds it started. A file exists, is not smaller than the disk and nobody
   * else has it open; an export can be written to and is not smaller than the disk. The copy of an
   * encrypted disk is a file encrypted by the same passphrase; there is no way to make a plaintext
   * one.
   *
   * @throws VirtException {@code REFUSED} when the guest has no such disk, the disk is being copied
   *     or mirrored already, the file is in use, or it is encrypted and the disk is not, or not by
   *     the same passphrase, or the other way round, or nobody serves the export for writing;
   *     nothing is left in QEMU
   */
  void start(Copy copy) throws VirtException;

  /** Where a copy stands. */
  Progress look(String diskId, String tag) throws VirtException;

  /**
   * Changes the limit of a running copy. Harmless when it has ended.
   *
   * @param bytesPerSecond 0 is unlimited
   */
  void limit(String diskId, String tag, long bytesPerSecond) throws VirtException;

  /**
   * Moves the guest onto a ready copy. Both files are alike and nothing is written to either while
   * {@code decision} is told; once it returns, the copy is the disk. May be repeated, also by
   * another process after the first one died anywhere in here.
   *
   * @throws VirtException {@code REFUSED} when the copy is not ready, has failed, is an export or
   *     the decision could not be kept: the guest goes on where it was and the copy is dropped
   */
  void pivot(String diskId, String tag, Decision decision)
      throws VirtException, InterruptedException;

  /**
   * Ends a ready copy: its file or export holds the disk as it was at this moment, flushed, and
   * QEMU does not have it open any more. The guest stays where it was. May be repeated.
   *
   * @throws VirtException {@code REFUSED} when the copy is not ready or has failed, also because an
   *     export's server did not take the last writes
   */
  void finish(String diskId, String tag) throws VirtException, InterruptedException;

  /**
   * Gives a copy up as it is. Harmless when there is none.
   *
   * @throws VirtException {@code REFUSED} when the guest is on it already
   */
  void drop(String diskId, String tag) throws VirtException, InterruptedException;

  /**
   * Puts an empty qcow2 on top of a disk: what was the disk's file is read-only from now on, and
   * complete on this host's file system. On an encrypted disk it is encrypted by the same
   * passphrase. May be repeated.
   *
   * @throws VirtException {@code REFUSED} when the disk is being copied or mirrored, or the file
   *     cannot be used; the guest goes on where it was
   */
  void overlay(String diskId, String tag, Path file) throws VirtException;

  /**
   * One disk to be copied.
   *
   * @param shallow only the top file is copied; the copy lies on the same files as the disk
   * @param bytesPerSecond 0 is unlimited
   */
  record Copy(String diskId, String tag, Target target, boolean shallow, long bytesPerSecond) {
    /** To a file, of format {@code qcow2} or {@code raw}. */
    public Copy(
        String diskId, String tag, Path file, String format, boolean shallow, long bytesPerSecond) {
      this(diskId, tag, new File(file, format), shallow, bytesPerSecond);
    }
  }

  /** Where a disk is copied to. */
  sealed interface Target {}

  /**
   * A file of this host.
   *
   * @param format {@code qcow2} or {@code raw}
   */
  record File(Path path, String format) implements Target {}

  /**
   * An export of a foreign NBD server. The disk is written to its beginning, raw; what is behind
   * stays as it is.
   */
  record Export(String host, int port, String name) implements Target {}

  /** Where a copy stands. */
  enum State {
    ABSENT,
    RUNNING,
    READY,
    /**
     * Nothing is written to the disk or to its copy until it is moved onto, or given up; one of a
     * moment is whole.
     */
    DECIDING,
    PIVOTED,
    /** Ended at a point in time; what it used in QEMU is not removed yet. */
    FINISHED,
    /** It is dropped before the disk can be copied again. */
    FAILED
  }

  /**
   * How far a copy is.
   *
   * @param totalBytes to copy as far as known; grows when the guest writes
   * @param limit bytes per second, 0 is unlimited
   * @param error why it failed
   */
  record Progress(
      State state, long totalBytes, long copiedBytes, long limit, Optional<String> error) {
    /** There is none. */
    public static Progress none(State state) {
      return new Progress(state, 0, 0, 0, Optional.empty());
    }
  }

  /**
   * A disk as QEMU has it.
   *
   * @param node QEMU's name of what the device reads
   * @param file the path QEMU opened
   * @param cache as {@code -drive cache=} spells it, e.g. {@code writeback}
   */
  record DiskNode(
      String diskId,
      String node,
      String file,
      String format,
      String cache,
      String device,
      long virtualBytes,
      long allocatedBytes) {}

  /** Durable before the guest writes to the copy. Throwing leaves it where it was. */
  @FunctionalInterface
  interface Decision {
    void keep() throws IOException;
  }
}
