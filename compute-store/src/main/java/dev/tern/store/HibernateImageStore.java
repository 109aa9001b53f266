package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.store.Requests.Refusals;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateImageStore implements ImageStore {
  private final EntityManager entities;
  private final Rows rows;

  HibernateImageStore(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  @Override
  public ImageRecord create(ImageRecord image) {
    Instant now = rows.now();
    int added =
        entities
            .createNativeQuery(
                "insert into images (id, name, owner, disk_format, container_format, visibility,"
                    + " status, min_disk_gib, min_ram_mib, is_protected, properties, created_at,"
                    + " updated_at) values (:id, :name, :owner, :disk, :container, :visibility,"
                    + " 'QUEUED', :minDisk, :minRam, :isProtected, :properties, now(), now())"
                    + " on conflict (id) do nothing")
            .setParameter("id", image.id().value())
            .setParameter("name", image.name())
            .setParameter("owner", image.owner())
            .setParameter("disk", image.diskFormat())
            .setParameter("container", image.containerFormat())
            .setParameter("visibility", image.visibility())
            .setParameter("minDisk", image.minDiskGib())
            .setParameter("minRam", image.minRamMib())
            .setParameter("isProtected", image.isProtected())
            .setParameter("properties", Json.ofTexts(image.properties()))
            .executeUpdate();
    if (added == 0) {
      throw conflict("Image ID %s already exists!".formatted(image.id()));
    }
    return new ImageRecord(
        image.id(),
        image.name(),
        image.owner(),
        image.diskFormat(),
        image.containerFormat(),
        image.visibility(),
        ImageStatus.QUEUED,
        image.minDiskGib(),
        image.minRamMib(),
        image.isProtected(),
        image.properties(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        now,
        now);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ImageRecord> find(ImageId id) {
    return Optional.ofNullable(entities.find(ImageEntity.class, id.value()))
        .map(ImageEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Map<ImageId, ImageRecord> find(Collection<ImageId> ids) {
    return ids.isEmpty()
        ? Map.of()
        : entities
            .createQuery("from ImageEntity i where i.id in :ids", ImageEntity.class)
            .setParameter("ids", ids.stream().map(ImageId::value).toList())
            .getResultStream()
            .map(ImageEntity::toRecord)
            .collect(Collectors.toMap(ImageRecord::id, Function.identity()));
  }

  @Override
  @Transactional(readOnly = true)
  public List<ImageRecord> list(Optional<ImageId> marker, int limit) {
    return after(marker).setMaxResults(limit).getResultList().stream()
        .map(ImageEntity::toRecord)
        .toList();
  }

  private TypedQuery<ImageEntity> after(Optional<ImageId> marker) {
    if (marker.isEmpty()) {
      return entities.createQuery(
          "from ImageEntity i order by i.createdAt desc, i.id desc", ImageEntity.class);
    }
    ImageRecord after = find(marker.get()).orElseThrow(() -> Refusals.noMarker(marker.get()));
    return entities
        .createQuery(
            "from ImageEntity i where i.createdAt <= :at and (i.createdAt < :at or i.id < :id)"
                + " order by i.createdAt desc, i.id desc",
            ImageEntity.class)
        .setParameter("at", after.createdAt())
        .setParameter("id", after.id().value());
  }

  @Override
  public void beginUpload(ImageId id) {
    lock(id, ImageStatus.QUEUED).status = ImageStatus.SAVING;
  }

  @Override
  public ImageRecord finishUpload(
      ImageId id, long sizeBytes, long virtualBytes, String sha256, String md5) {
    ImageEntity image = lock(id, ImageStatus.SAVING);
    image.status = ImageStatus.ACTIVE;
    image.sizeBytes = sizeBytes;
    image.virtualBytes = virtualBytes;
    image.sha256 = sha256;
    image.md5 = md5;
    return image.toRecord();
  }

  @Override
  public void abandonUpload(ImageId id) {
    Optional.ofNullable(
            entities.find(ImageEntity.class, id.value(), LockModeType.PESSIMISTIC_WRITE))
        .filter(image -> image.status == ImageStatus.SAVING)
        .ifPresent(image -> {
          image.status = ImageStatus.QUEUED;
          image.updatedAt = rows.now();
        });
  }

  @Override
  public boolean delete(ImageId id) {
    return entities
            .createQuery("delete from ImageEntity i where i.id = :id")
            .setParameter("id", id.value())
            .executeUpdate()
        == 1;
  }

  private ImageEntity lock(ImageId id, ImageStatus expected) {
    ImageEntity image =
        Optional.ofNullable(
                entities.find(ImageEntity.class, id.value(), LockModeType.PESSIMISTIC_WRITE))
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.IMAGE_NOT_FOUND, "No image found with ID %s".formatted(id), null));
    if (image.status != expected) {
      throw conflict(
          "Image status transition from %s to %s is not allowed"
              .formatted(
                  image.status.name().toLowerCase(Locale.ROOT),
                  expected == ImageStatus.QUEUED ? "saving" : "active"));
    }
    image.updatedAt = rows.now();
    return image;
  }

  private static ComputeException conflict(String message) {
    return new ComputeException(ErrorCode.IMAGE_CONFLICT, message, null);
  }
}
