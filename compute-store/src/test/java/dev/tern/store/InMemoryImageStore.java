package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.store.Requests.Refusals;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

final class InMemoryImageStore implements ImageStore {
  private static final Comparator<ImageEntity> NEWEST =
      Comparator.comparing((ImageEntity image) -> image.createdAt)
          .thenComparing(image -> image.id.toString())
          .reversed();

  private final Memory memory;
  private final Map<UUID, ImageEntity> all = new HashMap<>();

  InMemoryImageStore(Memory memory) {
    this.memory = memory;
  }

  void clear() {
    all.clear();
  }

  @Override
  public ImageRecord create(ImageRecord asked) {
    synchronized (memory) {
      if (all.containsKey(asked.id().value())) {
        throw conflict("Image ID %s already exists!".formatted(asked.id()));
      }
      ImageEntity image = new ImageEntity();
      image.id = asked.id().value();
      image.name = asked.name();
      image.owner = asked.owner();
      image.diskFormat = asked.diskFormat();
      image.containerFormat = asked.containerFormat();
      image.visibility = asked.visibility();
      image.minDiskGib = asked.minDiskGib();
      image.minRamMib = asked.minRamMib();
      image.isProtected = asked.isProtected();
      image.properties = Json.ofTexts(asked.properties());
      image.createdAt = memory.now;
      image.updatedAt = memory.now;
      all.put(image.id, image);
      return image.toRecord();
    }
  }

  @Override
  public Optional<ImageRecord> find(ImageId id) {
    synchronized (memory) {
      return Optional.ofNullable(all.get(id.value())).map(ImageEntity::toRecord);
    }
  }

  @Override
  public Map<ImageId, ImageRecord> find(Collection<ImageId> ids) {
    Map<ImageId, ImageRecord> found = new HashMap<>();
    ids.forEach(id -> find(id).ifPresent(image -> found.put(id, image)));
    return found;
  }

  @Override
  public List<ImageRecord> list(Optional<ImageId> marker, int limit) {
    synchronized (memory) {
      Optional<ImageEntity> after =
          marker.map(id ->
              Optional.ofNullable(all.get(id.value())).orElseThrow(() -> Refusals.noMarker(id)));
      return all.values().stream()
          .sorted(NEWEST)
          .filter(each -> after.stream().allMatch(last -> NEWEST.compare(each, last) > 0))
          .limit(limit)
          .map(ImageEntity::toRecord)
          .toList();
    }
  }

  @Override
  public void beginUpload(ImageId id) {
    synchronized (memory) {
      image(id, ImageStatus.QUEUED).status = ImageStatus.SAVING;
    }
  }

  @Override
  public ImageRecord finishUpload(
      ImageId id, long sizeBytes, long virtualBytes, String sha256, String md5) {
    synchronized (memory) {
      ImageEntity image = image(id, ImageStatus.SAVING);
      image.status = ImageStatus.ACTIVE;
      image.sizeBytes = sizeBytes;
      image.virtualBytes = virtualBytes;
      image.sha256 = sha256;
      image.md5 = md5;
      return image.toRecord();
    }
  }

  @Override
  public void abandonUpload(ImageId id) {
    synchronized (memory) {
      ImageEntity image = all.get(id.value());
      if (image != null && image.status == ImageStatus.SAVING) {
        image.status = ImageStatus.QUEUED;
        image.updatedAt = memory.now;
      }
    }
  }

  @Override
  public boolean delete(ImageId id) {
    synchronized (memory) {
      return all.remove(id.value()) != null;
    }
  }

  private ImageEntity image(ImageId id, ImageStatus expected) {
    ImageEntity image = all.get(id.value());
    if (image == null) {
      throw new ComputeException(
          ErrorCode.IMAGE_NOT_FOUND, "No image found with ID %s".formatted(id), null);
    }
    if (image.status != expected) {
      throw conflict("Image status transition from %s is not allowed".formatted(image.status));
    }
    image.updatedAt = memory.now;
    return image;
  }

  private static ComputeException conflict(String message) {
    return new ComputeException(ErrorCode.IMAGE_CONFLICT, message, null);
  }
}
