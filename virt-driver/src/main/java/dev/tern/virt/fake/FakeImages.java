package dev.tern.virt.fake;

import static dev.tern.virt.fake.FakeVirtDriver.refused;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.DiskImages;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Qcow2Header;
import dev.tern.virt.disk.RecordedImage;
import dev.tern.virt.disk.UntrustedImage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Image files with an honest header and nothing in them. */
final class FakeImages implements DiskImages {
  private static final int CLUSTER_BITS = 16;
  private static final int SECTOR = 512;
  private static final int V3_HEADER = 104;
  private static final int LUKS = 2;

  /** Where a header says how much the guest sees. */
  private static final int VIRTUAL_BYTES = 24;

  private final FakeWorld world;

  FakeImages(FakeWorld world) {
    this.world = world;
  }

  @Override
  public ImageFacts inspectUntrusted(Path file, String format) throws VirtException {
    return facts(UntrustedImage.check(file, format), file, format);
  }

  @Override
  public ImageFacts inspect(Path file, Expected expected) throws VirtException {
    return facts(RecordedImage.check(file, expected), file, expected.format());
  }

  private static ImageFacts facts(long virtualBytes, Path file, String format)
      throws VirtException {
    try {
      Optional<Shape> shape =
          format.equals("qcow2")
              ? Optional.of(new Shape(1 << CLUSTER_BITS, "1.1"))
              : Optional.empty();
      return new ImageFacts(format, virtualBytes, Files.size(file), shape);
    } catch (IOException e) {
      throw refused("%s cannot be read.".formatted(file));
    }
  }

  /** Its headers name nothing. */
  @Override
  public void relink(Path file, Expected expected) throws VirtException {
    long _ = RecordedImage.check(file, expected);
  }

  @Override
  public void grow(Path file, Expected expected, Optional<Path> secret, long virtualBytes)
      throws VirtException {
    if (!RecordedImage.checkGrowth(file, expected, secret, virtualBytes)) {
      return;
    }
    try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
      if (expected.format().equals("qcow2")) {
        image.seek(VIRTUAL_BYTES);
        image.writeLong(virtualBytes);
      } else {
        image.setLength(virtualBytes);
      }
    } catch (IOException e) {
      throw refused("%s cannot be made larger.".formatted(file));
    }
  }

  @Override
  public void copy(Path from, Path to) throws VirtException {
    try {
      Files.copy(from, to);
    } catch (IOException e) {
      throw refused("%s cannot be copied.".formatted(from));
    }
  }

  @Override
  public void create(Path file, NewImage image) throws VirtException {
    RecordedImage.check(image);
    try {
      Files.createFile(file);
      if (image.format().equals("qcow2")) {
        Files.write(file, header(image));
      } else {
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
          raw.setLength(image.virtualBytes());
        }
      }
    } catch (IOException e) {
      throw refused("The disk %s cannot be created: %s".formatted(file, e));
    }
  }

  /** The label, then every file in the order of their names, in whole sectors. */
  @Override
  public void pack(Path directory, String label, Path file) throws VirtException {
    try (Stream<Path> tree = Files.walk(directory);
        RandomAccessFile packed = new RandomAccessFile(file.toFile(), "rw")) {
      packed.setLength(SECTOR);
      packed.write(label.getBytes(StandardCharsets.US_ASCII));
      for (Path one : (Iterable<Path>) tree.filter(Files::isRegularFile).sorted()::iterator) {
        packed.seek(packed.length());
        packed.write(Files.readAllBytes(one));
        packed.setLength((packed.length() + SECTOR - 1) / SECTOR * SECTOR);
      }
    } catch (IOException e) {
      throw refused("%s cannot be packed.".formatted(directory));
    }
  }

  @Override
  public void flatten(
      Path file, Expected expected, Optional<Path> secret, Path target, String targetFormat)
      throws VirtException {
    long bytes = RecordedImage.check(file, expected, secret, targetFormat);
    if (UntrustedImage.virtualBytes(target, targetFormat, false, expected.encrypted()) != bytes) {
      throw refused("%s is of another size.".formatted(target.getFileName()));
    }
  }

  @Override
  public void flatten(Path file, Expected expected, DiskCopies.Export target, long bytes)
      throws VirtException {
    if (inspect(file, expected).virtualBytes() != bytes) {
      throw refused("The disk has not %d bytes.".formatted(bytes));
    }
    if (world.volume(target.host(), target.port(), target.name()) < bytes) {
      throw refused("The export is smaller than the disk.");
    }
  }

  @Override
  public long allocatedBytes(Path file) throws VirtException {
    try (Stream<Path> tree = Files.walk(file)) {
      long bytes = 0;
      for (Path one : (Iterable<Path>) tree.filter(Files::isRegularFile)::iterator) {
        bytes += Files.size(one);
      }
      return bytes;
    } catch (IOException | UncheckedIOException e) {
      throw refused("%s cannot be read.".formatted(file));
    }
  }

  @Override
  public void fill(Path disk, Path image, String imageFormat) throws VirtException {
    long needed = UntrustedImage.check(image, imageFormat);
    try (RandomAccessFile raw = new RandomAccessFile(disk.toFile(), "rw")) {
      if (needed > raw.length()) {
        throw refused("The image does not fit.");
      }
      if (imageFormat.equals("raw")) {
        raw.write(Files.readAllBytes(image));
      }
    } catch (IOException e) {
      throw refused("The disk %s cannot be written: %s".formatted(disk, e));
    }
  }

  private static byte[] header(NewImage image) {
    boolean backing = !image.layers().isEmpty();
    long perEntry = 1L << (2 * CLUSTER_BITS - 3);
    int entries = (int) ((image.virtualBytes() + perEntry - 1) / perEntry);
    ByteBuffer header = ByteBuffer.allocate(Qcow2Header.BYTES + 8 * entries + 8);
    header.putInt(0, 0x514649fb).putInt(4, 3);
    header.putLong(8, backing ? V3_HEADER + 8 : 0).putInt(16, backing ? 1 : 0);
    header.putInt(20, CLUSTER_BITS).putLong(24, image.virtualBytes());
    header.putInt(32, image.secret().isPresent() ? LUKS : 0);
    header.putInt(36, entries).putLong(40, Qcow2Header.BYTES);
    header.putLong(48, Qcow2Header.BYTES + 8L * entries).putInt(100, V3_HEADER);
    return header.array();
  }
}
