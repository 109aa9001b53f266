package dev.tern.virt.disk;

import dev.tern.virt.DiskImages;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@link DiskImages} with the installed {@code qemu-img}. */
public final class QemuImages implements DiskImages {
  private static final Set<String> FORMATS = Set.of("qcow2", "raw");
  private static final JsonMapper JSON = new JsonMapper();

  private final String qemuImg;
  private final Duration deadline;

  public QemuImages(String qemuImg, Duration deadline) {
    this.qemuImg = qemuImg;
    this.deadline = deadline;
  }

  @Override
  public ImageFacts inspectUntrusted(Path file, String format) throws VirtException {
    UntrustedImage.check(file, format);
    return facts(look(file, format), format);
  }

  @Override
  public ImageFacts inspect(Path file, String format, Optional<Path> base) throws VirtException {
    checkFormat(format);
    UntrustedImage.virtualBytes(file, format, base.isPresent());
    JsonNode info = look(file, format);
    String backing = info.path("full-backing-filename").asString("");
    if (base.isPresent()
        && !backing.isEmpty()
        && !Path.of(backing).toAbsolutePath().equals(base.get().toAbsolutePath())) {
      throw Qcow2Header.refused("its backing file is not the recorded base");
    }
    return facts(info, format);
  }

  @Override
  public void create(Path file, String format, long virtualBytes, Optional<Base> base)
      throws VirtException {
    checkFormat(format);
    if (virtualBytes <= 0) {
      throw new VirtException(Kind.REFUSED, "A disk has at least one byte.", null);
    }
    if (base.isPresent() && !format.equals("qcow2")) {
      throw new VirtException(Kind.REFUSED, "Only a qcow2 disk can lie on a base.", null);
    }
    try {
      // Made here, empty and private, so that a second creation is refused whoever races.
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED, "The disk %s cannot be created: %s".formatted(file, e), e);
    }
    List<String> command = new ArrayList<>(List.of(qemuImg, "create", "-q", "-f", format));
    if (base.isPresent()) {
      checkFormat(base.get().format());
      command.addAll(
          List.of("-F", base.get().format(), "-b", base.get().file().toAbsolutePath().toString()));
    }
    command.addAll(List.of("--", named(file), Long.toString(virtualBytes)));
    try {
      Tool.run(command, directory(file), deadline);
    } catch (VirtException e) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  @Override
  public long allocatedBytes(Path file) throws VirtException {
    String said =
        Tool.run(
            List.of("du", "--block-size=1", "--summarize", "--", file.toAbsolutePath().toString()),
            directory(file),
            deadline);
    try {
      return Long.parseLong(said.substring(0, said.indexOf('\t')));
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      throw new VirtException(Kind.REFUSED, "du's answer cannot be read: %s".formatted(said), e);
    }
  }

  private JsonNode look(Path file, String format) throws VirtException {
    // -U: QEMU may have it open; without it the tool fails on the image's lock.
    String said =
        Tool.run(
            List.of(qemuImg, "info", "-U", "-f", format, "--output=json", "--", named(file)),
            directory(file),
            deadline);
    try {
      return JSON.readTree(said);
    } catch (JacksonException e) {
      throw new VirtException(Kind.REFUSED, "qemu-img's answer cannot be read.", e);
    }
  }

  private static ImageFacts facts(JsonNode info, String format) {
    return new ImageFacts(
        format, info.path("virtual-size").asLong(0), info.path("actual-size").asLong(0));
  }

  /** A name the tool cannot take for an option or a protocol. */
  private static String named(Path file) {
    return "file:" + file.toAbsolutePath();
  }

  private static Path directory(Path file) throws VirtException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new VirtException(Kind.REFUSED, "%s has no directory.".formatted(file), null);
    }
    return directory;
  }

  private static void checkFormat(String format) throws VirtException {
    if (!FORMATS.contains(format)) {
      throw new VirtException(
          Kind.REFUSED, "The format '%s' is neither qcow2 nor raw.".formatted(format), null);
    }
  }
}
