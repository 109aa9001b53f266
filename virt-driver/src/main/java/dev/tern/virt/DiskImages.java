package dev.tern.virt;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Image files of one host, made and looked at with {@code qemu-img}; formats are always given,
 * never probed.
 */
public interface DiskImages {

  /**
   * Looks at an image as the format it is said to be, with its header checked first by our own
   * parser: a qcow2 with a backing file, an external data file or the corrupt flag, a file that is
   * not of that format, and a "raw" file that starts with the magic of another format are all
   * refused with a named reason (the CVE-2024-32498 class).
   */
  ImageFacts inspectUntrusted(Path file, String format) throws VirtException;

  /**
   * Looks at a disk this driver made, whose only allowed backing file is {@code base}. Works while
   * QEMU has it open.
   */
  ImageFacts inspect(Path file, String format, Optional<Path> base) throws VirtException;

  /**
   * Creates a disk. With a base, a qcow2 overlay on it with an explicit backing format; without, an
   * empty image.
   *
   * @throws VirtException {@code REFUSED} when the file exists, the directory is missing or the
   *     disk is full; nothing is left
   */
  void create(Path file, String format, long virtualBytes, Optional<Base> base)
      throws VirtException;

  /**
   * What a file, or a directory with all in it, takes of this host's disk now; holes take nothing.
   */
  long allocatedBytes(Path file) throws VirtException;

  /** A base image below an overlay. */
  record Base(Path file, String format) {}

  /**
   * @param virtualBytes size the guest sees
   * @param allocatedBytes what the file takes on this host's disk
   */
  record ImageFacts(String format, long virtualBytes, long allocatedBytes) {}
}
