package dev.tern.api.images;

import dev.tern.api.images.ImageFiles.Received;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes in the bytes of an image. Either all of it is there, checked and active, or nothing of it
 * is.
 */
final class ImageUpload {
  private static final Logger log = LoggerFactory.getLogger(ImageUpload.class);

  private final ImageStore images;
  private final ImageFiles files;
  private final Supplier<UUID> newIds;

  ImageUpload(ImageStore images, ImageFiles files, Supplier<UUID> newIds) {
    this.images = images;
    this.files = files;
    this.newIds = newIds;
  }

  /**
   * Receives, checks and activates.
   *
   * @throws ComputeException {@code IMAGE_CONFLICT} when the image is not queued; {@code
   *     IMAGE_UNACCEPTABLE} with the reason when the content is not what the record says. After any
   *     failure the image is queued and no file is left
   */
  ImageRecord take(ImageRecord image, InputStream in) throws IOException {
    ImageId id = image.id();
    images.beginUpload(id);
    boolean done = false;
    try {
      Received received = files.receive(id, newIds.get(), in);
      long virtualBytes = check(received, image);
      files.keep(received, id);
      ImageRecord active =
          images.finishUpload(
              id, received.bytes(), virtualBytes, received.sha256(), received.md5());
      done = true;
      log.atInfo()
          .addKeyValue("image", id)
          .addKeyValue("bytes", received.bytes())
          .log("image is active");
      return active;
    } finally {
      if (!done) {
        abandon(id);
      }
    }
  }

  private static long check(Received received, ImageRecord image) throws IOException {
    try {
      return ImageContent.virtualBytes(received.file(), image.diskFormat());
    } catch (UnacceptableContentException e) {
      Files.deleteIfExists(received.file());
      throw new ComputeException(
          ErrorCode.IMAGE_UNACCEPTABLE,
          "Image %s is unacceptable: %s".formatted(image.id(), e.getMessage()),
          e);
    }
  }

  /** Never hides why the upload failed. */
  private void abandon(ImageId id) {
    try {
      files.delete(id);
      images.abandonUpload(id);
    } catch (IOException | RuntimeException e) {
      log.atWarn().addKeyValue("image", id).setCause(e).log("a failed upload was not cleaned up");
    }
  }
}
