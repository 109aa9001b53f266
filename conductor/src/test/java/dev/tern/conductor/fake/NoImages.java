package dev.tern.conductor.fake;

import dev.tern.contract.ImageId;
import dev.tern.store.ImageStore;
import java.util.List;
import java.util.Optional;

/** Not touched by a migration. */
final class NoImages implements ImageStore {
  @Override
  public ImageRecord create(ImageRecord image) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public Optional<ImageRecord> find(ImageId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public List<ImageRecord> list(Optional<ImageId> marker, int limit) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public void beginUpload(ImageId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public ImageRecord finishUpload(
      ImageId id, long sizeBytes, long virtualBytes, String sha256, String md5) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public void abandonUpload(ImageId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }

  @Override
  public boolean delete(ImageId id) {
    throw new UnsupportedOperationException("not part of a migration");
  }
}
