package dev.tern.virt;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Image files of one host, made and looked at with {@code qemu-img}; formats are always given,
 * never probed.
 */
public interface DiskImages {

  /**
   * Looks at an image as the format it is said to be, with its header checked first by our own
   * parser: a qcow2 with a backing file, an external data file, encryption or the corrupt flag, a
   * file that is not of that format, and a "raw" file that starts with the magic of another format
   * are all refused with a named reason (the CVE-2024-32498 class).
   */
  ImageFacts inspectUntrusted(Path file, String format) throws VirtException;

  /**
   * Looks at a file this driver made or took in, and at every layer below it. Works while QEMU has
   * it open.
   *
   * @throws VirtException {@code REFUSED} with a named reason when the file or a layer is not of
   *     its recorded format, is marked corrupt, keeps data in another file, has a backing file
   *     where none is recorded or is encrypted where that is not recorded (or the other way round),
   *     or when the file's header names another backing file than the recorded nearest layer
   */
  ImageFacts inspect(Path file, Expected expected) throws VirtException;

  /**
   * Creates a disk: with layers a qcow2 overlay on the nearest, with an explicit backing format;
   * without, an empty image. A backing file is named in the header for people; QEMU is told by the
   * recipe.
   *
   * @throws VirtException {@code REFUSED} when the file exists, the directory or a layer is missing
   *     or the disk is full; nothing is left
   */
  void create(Path file, NewImage image) throws VirtException;

  /**
   * Writes all a guest sees of a disk into a file that is there already and has the disk's size.
   * What an encrypted disk holds is written to an encrypted qcow2 and to nothing else.
   *
   * @param secret file with the passphrase of disk and target, when the disk is encrypted
   * @param target whose content goes; it is not durable yet when this returns
   * @throws VirtException {@code REFUSED} when somebody writes to the disk or has the target open,
   *     when one of the two is encrypted and the other is not, when the passphrase does not open
   *     both, or as {@link #inspect}
   */
  void flatten(
      Path file, Expected expected, Optional<Path> secret, Path target, String targetFormat)
      throws VirtException, InterruptedException;

  /**
   * Writes all a guest sees of a disk to the beginning of an export that is not smaller; what is
   * behind stays as it is. The server has been told to keep each write when this returns.
   *
   * @param bytes the disk's size
   * @throws VirtException {@code REFUSED} when somebody writes to the disk, the export cannot be
   *     written to or its connection breaks, or as {@link #inspect}
   */
  void flatten(Path file, Expected expected, DiskCopies.Export target, long bytes)
      throws VirtException, InterruptedException;

  /**
   * Makes the header of an image that came from another host as it is name the layer that it lies
   * on here. Nothing else of it changes, and nothing of an image that lies on none.
   *
   * @throws VirtException {@code REFUSED} when its header has no room for the name, or it is not
   *     what it was recorded to be
   */
  void relink(Path file, Expected expected) throws VirtException;

  /**
   * Makes the disk's file one of that size, with nothing in what is added; what the guest wrote
   * stays. Harmless when it has that size; it is not durable yet when this returns.
   *
   * @param secret file with its passphrase, when the disk is encrypted
   * @throws VirtException {@code REFUSED} when it is larger, somebody has it open, the passphrase
   *     does not open it, or as {@link #inspect}; it is as it was then
   */
  void grow(Path file, Expected expected, Optional<Path> secret, long virtualBytes)
      throws VirtException;

  /**
   * Copies a file that nobody writes to, byte for byte; holes stay holes, and a file system that
   * can shares what is alike. It is not durable yet when this returns.
   *
   * @throws VirtException {@code REFUSED} when there is one of the name, or no room; what is left
   *     of it is for whoever asked to remove
   */
  void copy(Path from, Path to) throws VirtException, InterruptedException;

  /**
   * Writes what a guest would see of an image into an empty raw disk that is there, not smaller;
   * holes stay holes.
   *
   * @throws VirtException {@code REFUSED} when it does not fit or cannot be read
   */
  void fill(Path disk, Path image, String imageFormat) throws VirtException;

  /**
   * Makes a read-only disk of a directory with all in it: ISO 9660 with Rock Ridge and Joliet
   * names.
   *
   * @param label of the volume, as guests look for it
   * @throws VirtException {@code REFUSED} naming the package that is missing, or with the tool's
   *     words; nothing is left
   */
  void pack(Path directory, String label, Path file) throws VirtException;

  /**
   * What a file, or a directory with all in it, takes of this host's disk now; holes take nothing.
   */
  long allocatedBytes(Path file) throws VirtException;

  /**
   * What a file was recorded to be.
   *
   * @param layers files below it, nearest first
   */
  record Expected(String format, boolean encrypted, List<Layer> layers) {
    public Expected {
      layers = List.copyOf(layers);
    }

    /** Nothing below, not encrypted. */
    public static Expected plain(String format) {
      return new Expected(format, false, List.of());
    }
  }

  /** An immutable file below a disk. */
  record Layer(Path file, String format, boolean encrypted) {}

  /**
   * A file to be made.
   *
   * @param layers files below it, nearest first
   * @param secret file with the passphrase, which makes it a LUKS qcow2
   * @param shape as another image has it; empty for QEMU's defaults
   */
  record NewImage(
      String format,
      long virtualBytes,
      List<Layer> layers,
      Optional<Path> secret,
      Optional<Shape> shape) {
    public NewImage {
      layers = List.copyOf(layers);
    }

    /** Empty, with nothing below. */
    public static NewImage empty(String format, long virtualBytes) {
      return new NewImage(format, virtualBytes, List.of(), Optional.empty(), Optional.empty());
    }
  }

  /**
   * What of a qcow2 the guest cannot see.
   *
   * @param compat {@code 0.10} or {@code 1.1}, QEMU's words for versions 2 and 3
   */
  record Shape(int clusterBytes, String compat) {}

  /**
   * @param virtualBytes size the guest sees
   * @param allocatedBytes what the file takes on this host's disk
   * @param shape of a qcow2
   */
  record ImageFacts(String format, long virtualBytes, long allocatedBytes, Optional<Shape> shape) {}
}
