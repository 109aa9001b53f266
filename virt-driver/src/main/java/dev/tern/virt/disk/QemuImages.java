package dev.tern.virt.disk;

import dev.tern.virt.DiskCopies;
import dev.tern.virt.DiskImages;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@link DiskImages} with the installed {@code qemu-img}. */
public final class QemuImages implements DiskImages {
  private static final Set<String> FORMATS = Set.of("qcow2", "raw");
  private static final JsonMapper JSON = new JsonMapper();

  private static final String NO_CPU_TIME = "Unable to get accurate CPU usage";
  private static final int CREATION_TRIES = 5;

  /** What the tool calls the passphrase. */
  private static final String KEY = "key";

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
  public ImageFacts inspect(Path file, Expected expected) throws VirtException {
    checkFormat(expected.format());
    RecordedImage.check(file, expected);
    JsonNode info = look(file, expected.format());
    String backing = info.path("full-backing-filename").asString("");
    if (!backing.isEmpty()
        && !Path.of(backing)
            .toAbsolutePath()
            .equals(expected.layers().getFirst().file().toAbsolutePath())) {
      throw Qcow2Header.refused("its backing file is not the recorded layer");
    }
    return facts(info, expected.format());
  }

  @Override
  public void relink(Path file, Expected expected) throws VirtException {
    checkFormat(expected.format());
    RecordedImage.check(file, expected);
    if (expected.format().equals("qcow2") && !expected.layers().isEmpty()) {
      Qcow2Backing.name(file, expected.layers().getFirst().file().toAbsolutePath());
    }
  }

  @Override
  public void grow(Path file, Expected expected, Optional<Path> secret, long virtualBytes)
      throws VirtException {
    if (!RecordedImage.checkGrowth(file, expected, secret, virtualBytes)) {
      return;
    }
    inspect(file, expected);
    List<String> command = new ArrayList<>(List.of(qemuImg, "resize", "-q"));
    if (expected.encrypted()) {
      command.addAll(object(secret.orElseThrow()));
    }
    command.addAll(List.of("--", source(file, expected), Long.toString(virtualBytes)));
    var _ = Tool.run(command, directory(file), deadline);
  }

  @Override
  public void copy(Path from, Path to) throws VirtException, InterruptedException {
    if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
      throw new VirtException(Kind.REFUSED, "There is a %s.".formatted(to.getFileName()), null);
    }
    Tool.follow(
        List.of(
            "cp",
            "--reflink=auto",
            "--sparse=always",
            "--",
            from.toAbsolutePath().toString(),
            to.toAbsolutePath().toString()),
        directory(to),
        _ -> {});
  }

  @Override
  public void create(Path file, NewImage image) throws VirtException {
    RecordedImage.check(image);
    try {
      // Made here, empty and private, so that a second creation is refused whoever races.
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED, "The disk %s cannot be created: %s".formatted(file, e), e);
    }
    try {
      run(creation(file, image), directory(file));
    } catch (VirtException e) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  /**
   * Once more, where the tool could not tell how fast this processor is: for a passphrase it counts
   * its own processor time, which a kernel that counts in ticks may not have moved.
   */
  private void run(List<String> command, Path directory) throws VirtException {
    for (int tried = 1; ; tried++) {
      try {
        var _ = Tool.run(command, directory, deadline);
        return;
      } catch (VirtException e) {
        if (tried == CREATION_TRIES || !String.valueOf(e.getMessage()).contains(NO_CPU_TIME)) {
          throw e;
        }
      }
    }
  }

  @Override
  public void pack(Path directory, String label, Path file) throws VirtException {
    new IsoImage(deadline).make(directory, label, file);
  }

  @Override
  public void flatten(
      Path file, Expected expected, Optional<Path> secret, Path target, String targetFormat)
      throws VirtException, InterruptedException {
    var _ = RecordedImage.check(file, expected, secret, targetFormat);
    inspect(file, expected);
    List<String> command = new ArrayList<>(List.of(qemuImg, "convert", "-n", "-W"));
    if (expected.encrypted()) {
      command.addAll(object(secret.orElseThrow()));
      // Said of the target, so that the tool refuses one that is not encrypted.
      command.addAll(
          List.of(
              "--target-image-opts",
              "--",
              source(file, expected),
              "driver=qcow2,encrypt.format=luks,encrypt.key-secret=%s,file.driver=file,file.filename=%s"
                  .formatted(KEY, escaped(target))));
    } else {
      command.addAll(List.of("-O", targetFormat, "--", source(file, expected), named(target)));
    }
    Tool.follow(command, directory(target), _ -> {});
  }

  @Override
  public void flatten(Path file, Expected expected, DiskCopies.Export target, long bytes)
      throws VirtException, InterruptedException {
    inspect(file, expected);
    if (expected.encrypted()) {
      throw new VirtException(
          Kind.REFUSED, "An encrypted disk is not copied to an export: it is plaintext.", null);
    }
    Map<String, Object> server =
        Map.of("type", "inet", "host", target.host(), "port", Integer.toString(target.port()));
    Map<String, Object> raw = new LinkedHashMap<>();
    raw.put("driver", "raw");
    raw.put("size", bytes);
    raw.put("file", Map.of("driver", "nbd", "export", target.name(), "server", server));
    // Left to itself the tool flushes nothing, or does not say when that failed.
    Tool.follow(
        List.of(
            qemuImg,
            "convert",
            "-n",
            "-t",
            "writethrough",
            "-O",
            "raw",
            "--",
            source(file, expected),
            "json:" + JSON.writeValueAsString(raw)),
        directory(file),
        _ -> {});
  }

  /** The tool reads the file; the passphrase is on no command line. */
  private static List<String> object(Path secret) {
    return List.of("--object", "secret,id=%s,file=%s".formatted(KEY, escaped(secret)));
  }

  /** A disk as QEMU's tools open it, with every layer named, so that they follow no header. */
  public static String source(Path file, Expected expected) {
    @Nullable Map<String, Object> below = null;
    for (Layer layer : expected.layers().reversed()) {
      below = node(layer.file(), layer.format(), layer.encrypted(), below);
    }
    return "json:"
        + JSON.writeValueAsString(node(file, expected.format(), expected.encrypted(), below));
  }

  private static Map<String, Object> node(
      Path file, String format, boolean encrypted, @Nullable Map<String, Object> below) {
    Map<String, Object> node = new LinkedHashMap<>();
    node.put("driver", format);
    node.put("file", Map.of("driver", "file", "filename", file.toAbsolutePath().toString()));
    if (format.equals("qcow2")) {
      node.put("backing", below);
    }
    if (encrypted) {
      node.put("encrypt", Map.of("format", "luks", "key-secret", KEY));
    }
    return node;
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

  @Override
  public void fill(Path disk, Path image, String imageFormat) throws VirtException {
    UntrustedImage.check(image, imageFormat);
    Tool.run(
        List.of(
            qemuImg,
            "convert",
            "-n",
            "--target-is-zero",
            "-f",
            imageFormat,
            "-O",
            "raw",
            "--",
            named(image),
            named(disk)),
        directory(disk),
        deadline);
  }

  private List<String> creation(Path file, NewImage image) {
    List<String> command = new ArrayList<>(List.of(qemuImg, "create", "-q", "-f", image.format()));
    List<String> options = new ArrayList<>();
    image
        .shape()
        .ifPresent(shape -> {
          options.add("cluster_size=" + shape.clusterBytes());
          options.add("compat=" + shape.compat());
        });
    image
        .secret()
        .ifPresent(secret -> {
          command.addAll(object(secret));
          options.add("encrypt.format=luks");
          options.add("encrypt.key-secret=" + KEY);
          // The passphrase is random and as long as the key: stretching it would only cost time.
          options.add("encrypt.iter-time=10");
        });
    if (!image.layers().isEmpty()) {
      Layer nearest = image.layers().getFirst();
      // -u: the backing file is not opened, since a layer's own header may name anything.
      command.addAll(
          List.of("-u", "-F", nearest.format(), "-b", nearest.file().toAbsolutePath().toString()));
    }
    if (!options.isEmpty()) {
      command.addAll(List.of("-o", String.join(",", options)));
    }
    command.addAll(List.of("--", named(file), Long.toString(image.virtualBytes())));
    return command;
  }

  /** A comma ends an option's value unless it is doubled. */
  private static String escaped(Path path) {
    return path.toAbsolutePath().toString().replace(",", ",,");
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
    Optional<Shape> shape =
        format.equals("qcow2")
            ? Optional.of(
                new Shape(
                    info.path("cluster-size").asInt(0),
                    info.path("format-specific").path("data").path("compat").asString("1.1")))
            : Optional.empty();
    return new ImageFacts(
        format, info.path("virtual-size").asLong(0), info.path("actual-size").asLong(0), shape);
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

  static void checkFormat(String format) throws VirtException {
    if (!FORMATS.contains(format)) {
      throw new VirtException(
          Kind.REFUSED, "The format '%s' is neither qcow2 nor raw.".formatted(format), null);
    }
  }
}
