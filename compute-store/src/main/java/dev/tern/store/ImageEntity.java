package dev.tern.store;

import dev.tern.contract.ImageId;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "images")
class ImageEntity {
  @Id UUID id = new UUID(0, 0);
  String name = "";
  String owner = "";

  @Column(name = "disk_format")
  String diskFormat = "";

  @Column(name = "container_format")
  String containerFormat = "";

  String visibility = "";

  @Enumerated(EnumType.STRING)
  ImageStatus status = ImageStatus.QUEUED;

  @Column(name = "min_disk_gib")
  int minDiskGib;

  @Column(name = "min_ram_mib")
  int minRamMib;

  @Column(name = "is_protected")
  boolean isProtected;

  String properties = "{}";

  @Column(name = "size_bytes")
  @Nullable Long sizeBytes;

  @Column(name = "virtual_bytes")
  @Nullable Long virtualBytes;

  @Nullable String sha256;
  @Nullable String md5;

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  @Column(name = "updated_at")
  Instant updatedAt = Instant.EPOCH;

  ImageRecord toRecord() {
    return new ImageRecord(
        new ImageId(id),
        name,
        owner,
        diskFormat,
        containerFormat,
        visibility,
        status,
        minDiskGib,
        minRamMib,
        isProtected,
        Json.texts(properties),
        Optional.ofNullable(sizeBytes),
        Optional.ofNullable(virtualBytes),
        Optional.ofNullable(sha256),
        Optional.ofNullable(md5),
        createdAt,
        updatedAt);
  }
}
