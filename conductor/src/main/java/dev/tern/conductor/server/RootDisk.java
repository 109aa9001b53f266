package dev.tern.conductor.server;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;

/** What a new server is made from. */
public final class RootDisk {
  private static final long GIB = 1L << 30;

  private final ImageStore images;

  public RootDisk(ImageStore images) {
    this.images = images;
  }

  /** The flavor's size, and never less than the image's. */
  long bytes(ServerRecord server) {
    long image = active(server.image()).virtualBytes().orElse(0L);
    return Math.max(server.flavor().diskGib() * GIB, image);
  }

  /**
   * What the host is told to build.
   *
   * @throws ComputeException {@code IMAGE_NOT_FOUND}, {@code IMAGE_NOT_ACTIVE} or {@code
   *     IMAGE_UNACCEPTABLE}
   */
  ServerSpec spec(ServerRecord server) {
    ImageRecord image = active(server.image());
    return new ServerSpec(
        server.name(),
        server.flavor().vcpus(),
        server.flavor().memoryMib(),
        bytes(server),
        "qcow2",
        ref(image),
        named(image, "kernel_id"),
        named(image, "ramdisk_id"),
        Optional.ofNullable(image.properties().get("os_command_line")),
        server.network());
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
