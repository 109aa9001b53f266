package dev.tern.conductor.server;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.store.AggregateStore;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a new server is made from. */
public final class RootDisk {
  private static final long GIB = 1L << 30;
  private static final String DISK_FORMAT_SPEC = "tern:disk_format";
  private static final String DISK_FORMAT_PROPERTY = "hw_disk_format";
  private static final String ENCRYPTION_SPEC = "tern:disk_encryption";
  private static final String ENCRYPTION_PROPERTY = "hw_disk_encryption";

  private final ImageStore images;
  private final AggregateStore aggregates;

  public RootDisk(ImageStore images, AggregateStore aggregates) {
    this.images = images;
    this.aggregates = aggregates;
  }

  /** The flavor's size, and never less than the image's. */
  long bytes(ServerRecord server) {
    long image = active(server.image()).virtualBytes().orElse(0L);
    return Math.max(server.flavor().diskGib() * GIB, image);
  }

  /** Of all disks together, for the claim. */
  public long allBytes(ServerRecord server) {
    return bytes(server) + ephemeral(server).stream().mapToLong(Long::longValue).sum();
  }

  private static List<Long> ephemeral(ServerRecord server) {
    return server.ephemeralGib().stream().map(gib -> gib * GIB).toList();
  }

  /**
   * What a host is told to build.
   *
   * @throws ComputeException {@code IMAGE_NOT_FOUND}, {@code IMAGE_NOT_ACTIVE} or {@code
   *     IMAGE_UNACCEPTABLE}
   */
  public ServerSpec spec(ServerRecord server, HostName host) {
    ImageRecord image = active(server.image());
    return new ServerSpec(
        server.name(),
        server.flavor().vcpus(),
        server.flavor().memoryMib(),
        bytes(server),
        format(server, image),
        ref(image),
        named(image, "kernel_id"),
        named(image, "ramdisk_id"),
        Optional.ofNullable(image.properties().get("os_command_line")),
        server.network(),
        MoreDisks.of(
            encrypted(server, image),
            ephemeral(server),
            ConfigDriveFiles.of(server, () -> zone(host))));
  }

  private String zone(HostName host) {
    return aggregates.zones(List.of(host)).getOrDefault(host, AggregateStore.DEFAULT_ZONE);
  }

  /** The flavor's word counts more than the image's: it is the administrator's. */
  private static Optional<String> wish(
      ServerRecord server, String extraSpec, ImageRecord image, String property) {
    return Optional.ofNullable(server.flavor().extraSpecs().get(extraSpec))
        .or(() -> Optional.ofNullable(image.properties().get(property)))
        .map(text -> text.strip().toLowerCase(Locale.ROOT))
        .filter(text -> !text.isEmpty());
  }

  private static String format(ServerRecord server, ImageRecord image) {
    String format = wish(server, DISK_FORMAT_SPEC, image, DISK_FORMAT_PROPERTY).orElse("qcow2");
    if (!format.equals("qcow2") && !format.equals("raw")) {
      throw unacceptable(
          image,
          "its disk is to be '%s' (%s or %s), which is neither qcow2 nor raw"
              .formatted(format, DISK_FORMAT_SPEC, DISK_FORMAT_PROPERTY));
    }
    return format;
  }

  private static boolean encrypted(ServerRecord server, ImageRecord image) {
    Optional<String> how = wish(server, ENCRYPTION_SPEC, image, ENCRYPTION_PROPERTY);
    if (how.isPresent() && !how.get().equals("luks") && !how.get().equals("none")) {
      throw unacceptable(
          image,
          "its disk is to be encrypted with '%s' (%s or %s), which is neither luks nor none"
              .formatted(how.get(), ENCRYPTION_SPEC, ENCRYPTION_PROPERTY));
    }
    return how.equals(Optional.of("luks"));
  }

  private static ComputeException unacceptable(ImageRecord image, String why) {
    return new ComputeException(
        ErrorCode.IMAGE_UNACCEPTABLE,
        "Image %s is unacceptable: %s.".formatted(image.id(), why),
        null);
  }

  private Optional<ImageRef> named(ImageRecord image, String property) {
    return Optional.ofNullable(image.properties().get(property))
        .filter(text -> !text.isEmpty())
        .map(text -> ref(active(id(image, property, text))));
  }

  private static ImageId id(ImageRecord image, String property, String text) {
    try {
      return ImageId.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ComputeException(
          ErrorCode.IMAGE_UNACCEPTABLE,
          "Image %s is unacceptable: its %s is not an image id.".formatted(image.id(), property),
          e);
    }
  }

  private ImageRecord active(ImageId id) {
    ImageRecord image =
        images
            .find(id)
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.IMAGE_NOT_FOUND, "Image %s could not be found.".formatted(id), null));
    if (image.status() != ImageStatus.ACTIVE) {
      throw new ComputeException(
          ErrorCode.IMAGE_NOT_ACTIVE, "Image %s is not active.".formatted(id), null);
    }
    return image;
  }

  private static ImageRef ref(ImageRecord image) {
    String digest =
        image
            .sha256()
            .orElseThrow(() -> new IllegalStateException("an active image without a digest"));
    return new ImageRef(image.id(), digest, image.diskFormat(), image.sizeBytes().orElse(0L));
  }
}
