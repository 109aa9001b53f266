package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.store.MigrationStore.MigrationRecord;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "migrations")
class MigrationEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  UUID uuid = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  @Column(name = "saga_id")
  UUID saga = new UUID(0, 0);

  @Convert(converter = StoredForms.OfMigrationStatus.class)
  MigrationStatus status = MigrationStatus.ACCEPTED;

  @Enumerated(EnumType.STRING)
  Phase phase = Phase.BEGIN;

  boolean checked;

  @Column(name = "abort_requested")
  boolean abortRequested;

  @Column(name = "in_doubt")
  boolean inDoubt;

  @Column(name = "in_doubt_why")
  @Nullable String inDoubtWhy;

  String source = "";

  @Column(name = "source_claim")
  @Nullable UUID sourceClaim;

  @Column(name = "requested_host")
  @Nullable String requestedHost;

  @Nullable String destination;

  @Column(name = "destination_claim")
  @Nullable UUID destinationClaim;

  @Column(name = "owner_changed")
  boolean ownerChanged;

  @Column(name = "block_migration")
  @Enumerated(EnumType.STRING)
  BlockMigration blockMigration = BlockMigration.AUTO;

  @Column(name = "disk_over_commit")
  @Nullable Boolean diskOverCommit;

  long epoch;

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  @Column(name = "memory_total")
  long memoryTotal;

  @Column(name = "memory_processed")
  long memoryProcessed;

  @Column(name = "memory_remaining")
  long memoryRemaining;

  @Column(name = "disk_total")
  long diskTotal;

  @Column(name = "disk_processed")
  long diskProcessed;

  @Column(name = "disk_remaining")
  long diskRemaining;

  @Column(name = "pause_nanos")
  @Nullable Long pauseNanos;

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

  long number() {
    if (number == null) {
      throw new IllegalStateException("not stored yet");
    }
    return number;
  }

  void end(MigrationStatus end, @Nullable Failure failure, Instant now) {
    status = end;
    inDoubt = false;
    inDoubtWhy = null;
    failureCode = failure == null ? null : failure.code();
    failureMessage = failure == null ? null : failure.message();
    updatedAt = now;
    endedAt = now;
  }

  private Optional<Failure> failure() {
    return failureCode == null || failureMessage == null
        ? Optional.empty()
        : Optional.of(new Failure(failureCode, failureMessage));
  }

  MigrationRecord toRecord() {
    return new MigrationRecord(
        number(),
        new MigrationId(uuid),
        new ServerId(server),
        saga,
        status,
        phase,
        checked,
        abortRequested,
        inDoubt,
        new HostName(source),
        Optional.ofNullable(requestedHost).map(HostName::new),
        Optional.ofNullable(destination).map(HostName::new),
        Optional.ofNullable(destinationClaim).map(ClaimId::new),
        blockMigration,
        Optional.ofNullable(diskOverCommit),
        epoch,
        user,
        project,
        memoryTotal,
        memoryProcessed,
        memoryRemaining,
        diskTotal,
        diskProcessed,
        diskRemaining,
        Optional.ofNullable(pauseNanos).map(Duration::ofNanos),
        failure(),
        createdAt,
        updatedAt,
        Optional.ofNullable(endedAt));
  }
}
