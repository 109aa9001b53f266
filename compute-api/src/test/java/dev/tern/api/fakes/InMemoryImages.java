package dev.tern.api.fakes;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.store.ImageStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

public final class InMemoryImages implements ImageStore {
  private final List<ImageRecord> all = new ArrayList<>();

  public synchronized void clear() {
    all.clear();
  }

  @Override
  public synchronized ImageRecord create(ImageRecord image) {
    if (find(image.id()).isPresent()) {
      throw new ComputeException(
          ErrorCode.IMAGE_CONFLICT, "Image %s exists.".formatted(image.id()), null);
    }
    all.addFirst(image);
    return image;
  }

  @Override
  public synchronized Optional<ImageRecord> find(ImageId id) {
    return all.stream().filter(i -> i.id().equals(id)).findFirst();
  }

  @Override
  public synchronized List<ImageRecord> list(Optional<ImageId> marker, int limit) {
    int from = marker.map(m -> all.stream().map(ImageRecord::id).toList().indexOf(m) + 1).orElse(0);
    return all.stream().skip(from).limit(limit).toList();
  }

  @Override
  public synchronized void beginUpload(ImageId id) {
    ImageRecord image = existing(id);
    if (image.status() != ImageStatus.QUEUED) {
      throw new ComputeException(
          ErrorCode.IMAGE_CONFLICT,
          "Image %s is %s, and takes no upload.".formatted(id, image.status()),
          null);
    }
    put(Samples.with(image, ImageStatus.SAVING, null));
  }

  @Override
  public synchronized ImageRecord finishUpload(
      ImageId id, long sizeBytes, long virtualBytes, String sha256, String md5) {
    ImageRecord active =
        Samples.with(
            existing(id),
            ImageStatus.ACTIVE,
            new Samples.Content(sizeBytes, virtualBytes, sha256, md5));
    put(active);
    return active;
  }

  @Override
  public synchronized void abandonUpload(ImageId id) {
    find(id).ifPresent(image -> put(Samples.with(image, ImageStatus.QUEUED, null)));
  }

  @Override
  public synchronized boolean delete(ImageId id) {
    return all.removeIf(i -> i.id().equals(id));
  }

  public synchronized void put(ImageRecord image) {
    all.removeIf(i -> i.id().equals(image.id()));
    all.addFirst(image);
  }

  private ImageRecord existing(ImageId id) {
    return find(id)
        .orElseThrow(() -> new ComputeException(ErrorCode.IMAGE_NOT_FOUND, "No image " + id, null));
  }
}
