package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.Caller;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import java.util.Optional;
import java.util.Set;
import org.springframework.stereotype.Component;

/** Finds the image a server shall boot from, and whether it can. */
@Component
public final class BootImage {
  private static final long GIB = 1L << 30;
  private static final Set<String> BOOTABLE = Set.of("qcow2", "raw");

  private final ImageStore images;

  BootImage(ImageStore images) {
    this.images = images;
  }

  /**
   * The image, active, of a bootable format, no larger than the flavor's disk; its kernel and
   * ramdisk, if it names any, are there and active too.
   *
   * @param mapped the image of the block device to boot from, which may stand for {@code imageRef}
   * @throws ComputeException 400 naming what is wrong
   */
  ImageRecord find(JsonBody server, Optional<ImageId> mapped, FlavorRecord flavor, Caller caller) {
    ImageId id =
        referred(server)
            .or(() -> mapped)
            .orElseThrow(() -> Refusals.invalid("Invalid imageRef provided."));
    if (!mapped.orElse(id).equals(id)) {
      throw server.invalid(
          "imageRef",
          "The entry of %s with boot_index 0 names another image, %s: name one."
              .formatted(BlockDevices.FIELD, mapped.orElse(id)));
    }
    ImageRecord image =
        visible(id, caller).orElseThrow(() -> Refusals.invalid("Can not find requested image"));
    requireActive(image);
    if (!BOOTABLE.contains(image.diskFormat())) {
      throw unacceptable(
          image, "images of disk format %s do not boot".formatted(image.diskFormat()));
    }
    checkKernel(image, caller);
    checkSize(image, flavor);
    return image;
  }

  /**
   * Passes a flavor that is large enough for what a server was made from, as far as that is known
   * still.
   *
   * @throws ComputeException 400 naming what is too small
   */
  public void requireFits(ImageId image, FlavorRecord flavor) {
    images.find(image).ifPresent(found -> checkSize(found, flavor));
  }

  private static Optional<ImageId> referred(JsonBody server) {
    String ref = server.given("imageRef") ? server.text("imageRef", 0, 2048) : "";
    if (ref.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        parse(ref.substring(ref.lastIndexOf('/') + 1))
            .orElseThrow(() -> server.invalid("imageRef", "It is not a UUID.")));
  }

  private void checkKernel(ImageRecord image, Caller caller) {
    boolean kernel = image.properties().containsKey("kernel_id");
    checkPart(image, "kernel_id", "aki", caller);
    checkPart(image, "ramdisk_id", "ari", caller);
    for (String needsKernel : Set.of("ramdisk_id", "os_command_line")) {
      if (!kernel && image.properties().containsKey(needsKernel)) {
        throw unacceptable(image, "property %s needs property kernel_id".formatted(needsKernel));
      }
    }
  }

  private void checkPart(ImageRecord image, String property, String format, Caller caller) {
    String value = image.properties().get(property);
    if (value == null) {
      return;
    }
    ImageRecord part =
        parse(value)
            .flatMap(id -> visible(id, caller))
            .orElseThrow(() ->
                unacceptable(
                    image,
                    "its property %s names an image that does not exist: %s"
                        .formatted(property, Refusals.shortened(value))));
    requireActive(part);
    if (!part.diskFormat().equals(format)) {
      throw unacceptable(
          image,
          "its property %s names image %s, whose disk format is %s instead of %s"
              .formatted(property, part.id(), part.diskFormat(), format));
    }
  }

  private static void checkSize(ImageRecord image, FlavorRecord flavor) {
    long memory = image.minRamMib();
    if (flavor.memoryMib() < memory) {
      throw new ComputeException(
          ErrorCode.FLAVOR_DISK_TOO_SMALL,
          "Flavor's memory is too small for requested image. Flavor memory is %d MiB, image needs %d MiB."
              .formatted(flavor.memoryMib(), memory),
          null);
    }
    long disk = flavor.diskGib() * GIB;
    long needed = Math.max(image.virtualBytes().orElse(0L), image.minDiskGib() * GIB);
    if (disk != 0 && disk < needed) {
      throw new ComputeException(
          ErrorCode.FLAVOR_DISK_TOO_SMALL,
          "Flavor's disk is too small for requested image. Flavor disk is %d bytes, image is %d bytes."
              .formatted(disk, needed),
          null);
    }
  }

  private static void requireActive(ImageRecord image) {
    if (image.status() != ImageStatus.ACTIVE) {
      throw new ComputeException(
          ErrorCode.IMAGE_NOT_ACTIVE, "Image %s is not active.".formatted(image.id()), null);
    }
  }

  private Optional<ImageRecord> visible(ImageId id, Caller caller) {
    return images
        .find(id)
        .filter(i -> i.visibility().equals("public") || caller.mayEnter(i.owner()));
  }

  private static Optional<ImageId> parse(String text) {
    try {
      return Optional.of(ImageId.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static ComputeException unacceptable(ImageRecord image, String why) {
    return new ComputeException(
        ErrorCode.IMAGE_UNACCEPTABLE,
        "Image %s is unacceptable: %s".formatted(image.id(), why),
        null);
  }
}
