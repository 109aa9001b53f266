package dev.tern.api.images;

import dev.tern.api.errors.HttpFailure;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;
import java.util.UUID;

/**
 * The bytes of images, one file each, named by the image's id. A file that is still arriving has a
 * name of its own.
 */
final class ImageFiles {
  private static final int BUFFER = 256 * 1024;
  private static final FileAttribute<Set<PosixFilePermission>> FILE_OF_OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<Set<PosixFilePermission>> DIRECTORY_OF_OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path directory;
  private final long maxBytes;

  /**
   * Files in a directory, which is made if need be.
   *
   * @throws IOException when it cannot be made
   */
  ImageFiles(Path directory, long maxBytes) throws IOException {
    this.directory = Files.createDirectories(directory.toAbsolutePath(), DIRECTORY_OF_OWNER);
    this.maxBytes = maxBytes;
  }

  /** A file that has arrived whole and is on disk, but belongs to no image yet. */
  record Received(Path file, long bytes, String sha256, String md5) {}

  Path of(ImageId id) {
    return directory.resolve(id.toString());
  }

  /**
   * Writes a stream to a new file and makes it durable.
   *
   * @param name that no other upload has
   * @throws HttpFailure 413 when it is larger than allowed
   * @throws ComputeException when it cannot be stored
   * @throws IOException when the stream ended early; in every case of failure no file is left
   */
  Received receive(ImageId id, UUID name, InputStream in) throws IOException {
    Path file = directory.resolve(id + "." + name + ".part");
    try (FileChannel out =
        FileChannel.open(
            file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), FILE_OF_OWNER)) {
      return copy(in, out, file);
    } catch (IOException | RuntimeException e) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  private Received copy(InputStream in, FileChannel out, Path file) throws IOException {
    MessageDigest sha256 = digest("SHA-256");
    MessageDigest md5 = digest("MD5");
    byte[] buffer = new byte[BUFFER];
    long bytes = 0;
    int read;
    while ((read = in.read(buffer)) >= 0) {
      bytes += read;
      if (bytes > maxBytes) {
        throw new HttpFailure(
            413, "The image is larger than the %d bytes allowed.".formatted(maxBytes));
      }
      sha256.update(buffer, 0, read);
      md5.update(buffer, 0, read);
      write(out, ByteBuffer.wrap(buffer, 0, read));
    }
    out.force(true);
    HexFormat hex = HexFormat.of();
    return new Received(file, bytes, hex.formatHex(sha256.digest()), hex.formatHex(md5.digest()));
  }

  private static void write(FileChannel out, ByteBuffer bytes) {
    try {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    } catch (IOException e) {
      throw new ComputeException(
          ErrorCode.HOST_DISK_FULL, "The image service could not store the image.", e);
    }
  }

  /** The file is the image's from here on, also after a crash. */
  void keep(Received received, ImageId id) throws IOException {
    Files.move(
        received.file(),
        of(id),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
      folder.force(true);
    }
  }

  /** Removes the image's file and whatever is left of uploads to it. */
  void delete(ImageId id) throws IOException {
    Files.deleteIfExists(of(id));
    try (DirectoryStream<Path> parts = Files.newDirectoryStream(directory, id + ".*.part")) {
      for (Path part : parts) {
        Files.deleteIfExists(part);
      }
    }
  }

  InputStream open(ImageId id) throws IOException {
    try {
      return Files.newInputStream(of(id));
    } catch (NoSuchFileException e) {
      throw new ComputeException(
          ErrorCode.UNEXPECTED, "The file of image %s is missing.".formatted(id), e);
    }
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
