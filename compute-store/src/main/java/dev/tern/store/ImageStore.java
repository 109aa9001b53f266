package dev.tern.store;

import dev.tern.contract.ImageId;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is known of images; the bytes are the image service's. */
public interface ImageStore {
  ImageRecord create(ImageRecord image);

  Optional<ImageRecord> find(ImageId id);

  /** Those of these that there are. One question for all of them. */
  Map<ImageId, ImageRecord> find(Collection<ImageId> ids);

  /** Newest first; keyset paging after {@code marker}. */
  List<ImageRecord> list(Optional<ImageId> marker, int limit);

  /**
   * Takes a queued image into {@code SAVING}; of two uploads one wins.
   *
   * @throws dev.tern.contract.ComputeException {@code IMAGE_CONFLICT} when it is not queued
   */
  void beginUpload(ImageId id);

  /** The upload was whole and its content is what the record says: {@code ACTIVE}. */
  ImageRecord finishUpload(
      ImageId id, long sizeBytes, long virtualBytes, String sha256, String md5);

  /** The upload failed or was refused: {@code QUEUED} again, nothing kept. */
  void abandonUpload(ImageId id);

  /** False when there was none. */
  boolean delete(ImageId id);

  enum ImageStatus {
    QUEUED,
    SAVING,
    ACTIVE
  }

  /**
   * An image.
   *
   * @param diskFormat {@code qcow2}, {@code raw}, {@code aki} (kernel) or {@code ari} (ramdisk)
   * @param properties free, e.g. {@code kernel_id}, {@code ramdisk_id}, {@code os_command_line}
   * @param sizeBytes with {@code virtualBytes} and the digests: present when active
   */
  record ImageRecord(
      ImageId id,
      String name,
      String owner,
      String diskFormat,
      String containerFormat,
      String visibility,
      ImageStatus status,
      int minDiskGib,
      int minRamMib,
      boolean isProtected,
      Map<String, String> properties,
      Optional<Long> sizeBytes,
      Optional<Long> virtualBytes,
      Optional<String> sha256,
      Optional<String> md5,
      Instant createdAt,
      Instant updatedAt) {
    public ImageRecord {
      properties = Map.copyOf(properties);
    }
  }
}
