package dev.tern.store;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.agent.NbdExport;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.CopyStatus;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.DiskCopyStore.Purpose;
import dev.tern.store.DiskCopyStore.Seen;
import dev.tern.store.DiskCopyStore.Wish;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "disk_copies")
class DiskCopyEntity {
  @Id UUID id = new UUID(0, 0);

  @Column(name = "saga_id")
  UUID saga = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  @Enumerated(EnumType.STRING)
  Purpose purpose = Purpose.COPY;

  @Column(name = "image_id")
  @Nullable UUID image;

  String disk = "";
  String ordered = "{}";

  /** Digest of the export outside of Tern that is copied to. */
  @Nullable String target;

  @Enumerated(EnumType.STRING)
  @Nullable Wish wish;

  @Enumerated(EnumType.STRING)
  CopyStatus status = CopyStatus.ACCEPTED;

  @Column(name = "bytes_per_second")
  long bytesPerSecond;

  @Column(name = "total_bytes")
  long total;

  @Column(name = "copied_bytes")
  long copied;

  long rate;
  @Nullable String file;
  @Nullable String layer;

  @Column(name = "failure_code")
  @Enumerated(EnumType.STRING)
  @Nullable ErrorCode failureCode;

  @Column(name = "failure_message")
  @Nullable String failureMessage;

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  @Column(name = "updated_at")
  Instant updatedAt = Instant.EPOCH;

  @Column(name = "ended_at")
  @Nullable Instant endedAt;

  static DiskCopyEntity of(NewCopy copy, Purpose purpose, Instant now) {
    DiskCopyEntity entity = new DiskCopyEntity();
    entity.id = copy.order().id();
    entity.server = copy.server().value();
    entity.purpose = purpose;
    entity.disk = copy.order().disk();
    entity.ordered = Json.of(copy.order());
    entity.target = copy.order().export().map(DiskCopyEntity::digest).orElse(null);
    entity.wish = copy.wish().orElse(null);
    entity.bytesPerSecond = copy.order().bytesPerSecond();
    entity.createdAt = now;
    entity.updatedAt = now;
    return entity;
  }

  static String digest(NbdExport export) {
    try {
      byte[] address = export.uri().getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(address));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** What was copied never falls. */
  void seen(Seen seen, Instant now) {
    if (status != CopyStatus.ENDING) {
      status = seen.status();
    }
    total = Math.max(total, seen.total());
    copied = Math.max(copied, seen.copied());
    rate = seen.rate();
    file = seen.file().orElse(file);
    updatedAt = now;
  }

  void end(CopyStatus last, Optional<String> frozen, Optional<Failure> failure, Instant now) {
    status = last;
    rate = 0;
    layer = frozen.orElse(null);
    failureCode = failure.map(Failure::code).orElse(null);
    failureMessage = failure.map(Failure::message).orElse(null);
    updatedAt = now;
    endedAt = now;
  }

  /** Of 100. */
  int percent() {
    return total <= 0 ? 0 : (int) Math.min(100, copied * 100 / total);
  }

  CopyRecord toRecord() {
    return new CopyRecord(
        id,
        saga,
        new ServerId(server),
        purpose,
        Optional.ofNullable(image).map(ImageId::new),
        Json.read(CopyOrder.class, ordered),
        Optional.ofNullable(wish),
        status,
        bytesPerSecond,
        total,
        copied,
        rate,
        Optional.ofNullable(file),
        Optional.ofNullable(layer),
        failureCode == null || failureMessage == null
            ? Optional.empty()
            : Optional.of(new Failure(failureCode, failureMessage)),
        createdAt,
        updatedAt,
        Optional.ofNullable(endedAt));
  }
}
