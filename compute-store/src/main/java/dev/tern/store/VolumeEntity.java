package dev.tern.store;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.store.VolumeStore.VolumeRecord;
import dev.tern.store.VolumeStore.VolumeStatus;
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
@Table(name = "volumes")
class VolumeEntity {
  @Id UUID id = new UUID(0, 0);

  @Column(name = "saga_id")
  UUID saga = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  String host = "";
  int port;
  String export = "";

  @Enumerated(EnumType.STRING)
  VolumeStatus status = VolumeStatus.ATTACHING;

  @Nullable Long bytes;

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

  static VolumeEntity of(ServerId server, VolumeRef volume, Instant now) {
    VolumeEntity entity = new VolumeEntity();
    entity.id = volume.id();
    entity.server = server.value();
    entity.host = volume.address().host();
    entity.port = volume.address().port();
    entity.export = volume.address().export();
    entity.createdAt = now;
    entity.updatedAt = now;
    return entity;
  }

  /** It can be taken away. */
  boolean attachedTo(ServerId other) {
    return server.equals(other.value()) && status == VolumeStatus.ATTACHED;
  }

  void detaching(UUID by, Instant now) {
    saga = by;
    failed(Optional.empty());
    status = VolumeStatus.DETACHING;
    updatedAt = now;
  }

  void attached(long size, Instant now) {
    bytes = size;
    failed(Optional.empty());
    status = VolumeStatus.ATTACHED;
    updatedAt = now;
  }

  void detached(Instant now) {
    status = VolumeStatus.DETACHED;
    updatedAt = now;
    endedAt = now;
  }

  /** As it was before it was tried. */
  void failed(Failure failure, Instant now) {
    failed(Optional.of(failure));
    updatedAt = now;
    if (status == VolumeStatus.DETACHING) {
      status = VolumeStatus.ATTACHED;
    } else {
      status = VolumeStatus.FAILED;
      endedAt = now;
    }
  }

  private void failed(Optional<Failure> failure) {
    failureCode = failure.map(Failure::code).orElse(null);
    failureMessage = failure.map(Failure::message).orElse(null);
  }

  VolumeRecord toRecord() {
    return new VolumeRecord(
        new VolumeRef(id, new VolumeAddress(host, port, export)),
        saga,
        new ServerId(server),
        status,
        Optional.ofNullable(bytes),
        failureCode == null || failureMessage == null
            ? Optional.empty()
            : Optional.of(new Failure(failureCode, failureMessage)),
        createdAt,
        updatedAt);
  }
}
