package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.EvacuationStatus;
import dev.tern.store.EvacuationStore.NewEvacuation;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "evacuations")
class EvacuationEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  UUID uuid = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  @Column(name = "saga_id")
  UUID saga = new UUID(0, 0);

  @Convert(converter = StoredForms.OfEvacuationStatus.class)
  EvacuationStatus status = EvacuationStatus.ACCEPTED;

  String source = "";

  @Column(name = "requested_host")
  @Nullable String requestedHost;

  @Nullable String destination;

  @Column(name = "destination_claim")
  @Nullable UUID destinationClaim;

  @Column(name = "leave_stopped")
  boolean leaveStopped;

  @Column(name = "remove_old_disks")
  boolean removeOldDisks;

  long epoch;
  String request = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  @Column(name = "owner_changed_at")
  @Nullable Instant ownerChangedAt;

  @Column(name = "settled_at")
  @Nullable Instant settledAt;

  @Enumerated(EnumType.STRING)
  @Nullable Outcome outcome;

  @Nullable String said;

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

  static EvacuationEntity of(
      NewEvacuation asked, ServerEntity server, UUID saga, Requested by, Instant now) {
    EvacuationEntity entity = new EvacuationEntity();
    entity.uuid = asked.id();
    entity.server = server.id;
    entity.saga = saga;
    entity.source = Objects.requireNonNull(server.host);
    entity.requestedHost = asked.requestedHost().map(HostName::value).orElse(null);
    entity.leaveStopped =
        server.vmState == VmState.STOPPED
            || (asked.leaveStopped() && server.vmState != VmState.ERROR);
    entity.removeOldDisks = asked.removeOldDisks();
    entity.epoch = server.epoch;
    entity.request = by.request().value();
    entity.user = by.user();
    entity.project = by.project();
    entity.createdAt = now;
    entity.updatedAt = now;
    return entity;
  }

  void chosen(HostName host, ClaimId claim, ServerEntity of, Instant now) {
    if (ownerChangedAt != null) {
      throw new IllegalStateException("evacuation %s has its new host".formatted(uuid));
    }
    status = EvacuationStatus.PRE_MIGRATING;
    destination = host.value();
    destinationClaim = claim.value();
    updatedAt = now;
    task(of, TaskState.REBUILD_BLOCK_DEVICE_MAPPING, now);
  }

  /** The server's new owner; the caller has looked that the old one is stated to be down. */
  void changeOwner(ServerEntity of, Instant now) {
    of.host = Objects.requireNonNull(destination);
    of.claim = Objects.requireNonNull(destinationClaim);
    ownerChangedAt = now;
    updatedAt = now;
    task(of, TaskState.REBUILD_SPAWNING, now);
  }

  private static void task(ServerEntity of, TaskState task, Instant now) {
    if (of.task != TaskState.DELETING) {
      of.task = task;
    }
    of.updatedAt = now;
  }

  void end(EvacuationStatus how, @Nullable Failure why, Instant now) {
    status = how;
    failureCode = why == null ? null : why.code();
    failureMessage = why == null ? null : why.message();
    updatedAt = now;
    endedAt = now;
  }

  void settle(Outcome how, String told, Instant now) {
    if (ownerChangedAt == null) {
      throw new IllegalStateException("nobody went on without " + source);
    }
    if (settledAt == null) {
      settledAt = now;
      outcome = how;
      said = told;
      updatedAt = now;
      status = status == EvacuationStatus.DONE ? EvacuationStatus.COMPLETED : status;
    }
  }

  boolean owes() {
    return endedAt != null && ownerChangedAt != null && settledAt == null;
  }

  /** A statement about its source that was taken back would be missed. */
  boolean relies() {
    return endedAt == null || owes();
  }

  EvacuationRecord toRecord() {
    return new EvacuationRecord(
        Objects.requireNonNull(number),
        uuid,
        new ServerId(server),
        saga,
        status,
        new HostName(source),
        Optional.ofNullable(requestedHost).map(HostName::new),
        Optional.ofNullable(destination).map(HostName::new),
        Optional.ofNullable(destinationClaim).map(ClaimId::new),
        leaveStopped,
        removeOldDisks,
        epoch,
        new RequestId(request),
        user,
        project,
        Optional.ofNullable(ownerChangedAt),
        Optional.ofNullable(outcome),
        said == null ? "" : said,
        failureCode == null || failureMessage == null
            ? Optional.empty()
            : Optional.of(new Failure(failureCode, failureMessage)),
        createdAt,
        updatedAt,
        Optional.ofNullable(endedAt));
  }
}
