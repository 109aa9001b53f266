package dev.tern.virt.disk;

import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.DiskImages.Layer;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Whether files are what was recorded of them, before any tool opens them. */
public final class RecordedImage {
  private RecordedImage() {}

  /**
   * A file and every layer below it.
   *
   * @return size the guest sees
   * @throws VirtException {@code REFUSED}: see {@link dev.tern.virt.DiskImages#inspect}
   */
  public static long check(Path file, Expected expected) throws VirtException {
    requireQcow2Over(expected.layers(), expected.format());
    checkLayers(expected.layers());
    return UntrustedImage.virtualBytes(
        file, expected.format(), !expected.layers().isEmpty(), expected.encrypted());
  }

  /**
   * Likewise, before all it holds is written to another file.
   *
   * @param secret file with its passphrase
   * @throws VirtException {@code REFUSED} also when that would write an encrypted disk in plaintext
   */
  public static long check(Path file, Expected expected, Optional<Path> secret, String targetFormat)
      throws VirtException {
    long virtualBytes = check(file, expected);
    QemuImages.checkFormat(targetFormat);
    if (expected.encrypted() && (secret.isEmpty() || !targetFormat.equals("qcow2"))) {
      throw new VirtException(
          Kind.REFUSED, "An encrypted disk is written to an encrypted qcow2 only.", null);
    }
    if (expected.encrypted() && !Files.isRegularFile(secret.get())) {
      throw new VirtException(Kind.REFUSED, "The disk's passphrase is not on this host.", null);
    }
    return virtualBytes;
  }

  /**
   * Likewise, before it gets larger.
   *
   * @return whether it is not of that size yet
   * @throws VirtException {@code REFUSED} also when it is larger, or its passphrase is missing
   */
  public static boolean checkGrowth(
      Path file, Expected expected, Optional<Path> secret, long virtualBytes) throws VirtException {
    long now = check(file, expected, secret, expected.format());
    if (now > virtualBytes) {
      throw new VirtException(
          Kind.REFUSED,
          "A disk of %d bytes is not made one of %d.".formatted(now, virtualBytes),
          null);
    }
    return now < virtualBytes;
  }

  /** What is to be made, and the layers it will lie on. */
  public static void check(NewImage image) throws VirtException {
    QemuImages.checkFormat(image.format());
    if (image.virtualBytes() <= 0) {
      throw new VirtException(Kind.REFUSED, "A disk has at least one byte.", null);
    }
    requireQcow2Over(image.layers(), image.format());
    if (!image.format().equals("qcow2")
        && (image.secret().isPresent() || image.shape().isPresent())) {
      throw new VirtException(
          Kind.REFUSED, "Only a qcow2 disk can be encrypted or have clusters.", null);
    }
    if (image.secret().isPresent() && !Files.isRegularFile(image.secret().get())) {
      throw new VirtException(Kind.REFUSED, "The disk's passphrase is not on this host.", null);
    }
    checkLayers(image.layers());
  }

  private static void requireQcow2Over(List<Layer> layers, String format) throws VirtException {
    if (!layers.isEmpty() && !format.equals("qcow2")) {
      throw new VirtException(Kind.REFUSED, "Only a qcow2 disk can lie on a layer.", null);
    }
  }

  private static void checkLayers(List<Layer> layers) throws VirtException {
    for (int n = 0; n < layers.size(); n++) {
      Layer layer = layers.get(n);
      boolean last = n == layers.size() - 1;
      if (!last && !layer.format().equals("qcow2")) {
        throw new VirtException(Kind.REFUSED, "Only a qcow2 layer can lie on another.", null);
      }
      if (!Files.isRegularFile(layer.file(), LinkOption.NOFOLLOW_LINKS)) {
        throw new VirtException(
            Kind.REFUSED,
            "The layer %s is not on this host.".formatted(layer.file().getFileName()),
            null);
      }
      var _ = UntrustedImage.virtualBytes(layer.file(), layer.format(), !last, layer.encrypted());
    }
  }
}
