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
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.host.MoveDetail;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.StreamParts;
import dev.tern.store.MigrationFigures.Foreseen;
import dev.tern.store.MigrationStore.Doubt;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.Wishes;
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
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "migrations")
class MigrationEntity {
  private static final int ALL = 1000;

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

  /** Since when it may move. Written by those that give turns, whatever else is under way. */
  @Column(name = "turn_at", insertable = false, updatable = false)
  @Nullable Instant turnAt;

  @Column(name = "waits_for", insertable = false, updatable = false)
  @Nullable String waitsFor;

  @Column(name = "in_doubt")
  boolean inDoubt;

  @Column(name = "in_doubt_why")
  @Nullable String inDoubtWhy;

  @Column(name = "in_doubt_since")
  @Nullable Instant inDoubtSince;

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

  int permille;

  @Column(name = "throttled_millis")
  long throttledMillis;

  @Nullable String detail;

  @Column(name = "foreseen_at_plan")
  @Nullable String foreseenAtPlan;

  @Column(name = "foreseen_last")
  @Nullable String foreseenLast;

  @Column(name = "pause_parts")
  @Nullable String pauseParts;

  @Column(name = "pause_nanos")
  @Nullable Long pauseNanos;

  @Column(name = "failure_code")
  @Enumerated(EnumType.STRING)
  @Nullable ErrorCode failureCode;

  @Column(name = "failure_message")
  @Nullable String failureMessage;

  String policy = "{}";

  @Column(name = "policy_revision")
  long policyRevision;

  String streams = "{}";

  @Nullable String disks;

  @Column(name = "disk_places")
  @Nullable String diskPlaces;

  @Column(name = "disk_plan")
  @Nullable String diskPlan;

  @Column(name = "share_bytes_per_second")
  @Nullable Long share;

  @Column(name = "force_requested")
  boolean forceRequested;

  @Column(name = "data_since")
  @Nullable Instant dataSince;

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

  /**
   * Gives it a share, with the next revision; nothing when it has that one, or moves no data any
   * more.
   *
   * @return whether its source is to be told
   */
  boolean give(Optional<Long> bytesPerSecond, Instant now) {
    boolean over = endedAt != null || phase == Phase.FINISH || phase == Phase.CONFIRM;
    if (over || bytesPerSecond.equals(Optional.ofNullable(share))) {
      return false;
    }
    share = bytesPerSecond.orElse(null);
    policyRevision++;
    updatedAt = now;
    return true;
  }

  void doubted(String why, Instant now) {
    inDoubtSince = inDoubt ? inDoubtSince : now;
    inDoubt = true;
    inDoubtWhy = why;
  }

  void cleared() {
    inDoubt = false;
    inDoubtWhy = null;
    inDoubtSince = null;
  }

  private Optional<Doubt> doubt() {
    return inDoubt
        ? Optional.of(
            new Doubt(
                inDoubtSince == null ? updatedAt : inDoubtSince,
                inDoubtWhy == null ? "" : inDoubtWhy))
        : Optional.empty();
  }

  void end(MigrationStatus end, @Nullable Failure failure, Instant now) {
    status = end;
    cleared();
    failureCode = failure == null ? null : failure.code();
    failureMessage = failure == null ? null : failure.message();
    updatedAt = now;
    endedAt = now;
  }

  /** Why asking it to stop came to nothing; empty when it was cancelled. */
  Optional<String> notAborted() {
    return status == MigrationStatus.CANCELLED
        ? Optional.empty()
        : Optional.of(
            "Migration %d was %s before it could be aborted.".formatted(number(), status.wire()));
  }

  private Optional<Failure> failure() {
    return failureCode == null || failureMessage == null
        ? Optional.empty()
        : Optional.of(new Failure(failureCode, failureMessage));
  }

  /** What an agent told of it. Figures never fall; of the rest, the newest is kept. */
  void take(MigrationProgress seen, Instant now) {
    // What remains is believed only of the newest: figures may arrive in any order. While only
    // disks move, QEMU knows no memory yet: all of it remains.
    if (seen.memoryTotal() > 0 && seen.memoryProcessed() >= memoryProcessed) {
      memoryRemaining = Math.max(0, seen.memoryRemaining());
    }
    if (seen.diskProcessed() >= diskProcessed) {
      diskRemaining = Math.max(0, seen.diskRemaining());
    }
    memoryTotal = Math.max(memoryTotal, seen.memoryTotal());
    memoryProcessed = Math.max(memoryProcessed, seen.memoryProcessed());
    diskTotal = Math.max(diskTotal, seen.diskTotal());
    diskProcessed = Math.max(diskProcessed, seen.diskProcessed());
    // All sent is not arrived.
    permille = Math.max(permille, Math.clamp(seen.permille(), 0, ALL - 1));
    MoveDetail told = seen.detail();
    throttledMillis = Math.max(throttledMillis, told.throttled().toMillis());
    if (figures().detail().filter(before -> before.at().isAfter(told.at())).isEmpty()) {
      detail = Json.of(told);
      if (told.forecast().left().isPresent() && seen.memoryRemaining() > 0) {
        foreseenLast = foreseen(told.forecast(), now);
      }
    }
    updatedAt = now;
  }

  String foreseen(Forecast forecast, Instant now) {
    return Json.of(new Foreseen(forecast, Duration.between(createdAt, now)));
  }

  /** The guest is at its destination. */
  void arrived(PauseParts pause, Instant now) {
    ownerChanged = true;
    cleared();
    permille = ALL;
    pauseParts = Json.of(pause);
    pause.total().ifPresent(total -> pauseNanos = total.toNanos());
    updatedAt = now;
  }

  private MigrationFigures figures() {
    return new MigrationFigures(
        permille,
        Optional.ofNullable(detail).map(json -> Json.read(MoveDetail.class, json)),
        Optional.ofNullable(foreseenAtPlan).map(json -> Json.read(Foreseen.class, json)),
        Optional.ofNullable(foreseenLast).map(json -> Json.read(Foreseen.class, json)),
        Duration.ofMillis(throttledMillis),
        Optional.ofNullable(pauseParts).map(json -> Json.read(PauseParts.class, json)),
        Optional.ofNullable(diskPlan).map(json -> Json.read(DiskPlan.class, json)));
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
        doubt(),
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
        figures(),
        new Wishes(
            Json.read(PolicyParts.class, policy),
            policyRevision,
            Json.read(StreamParts.class, streams),
            forceRequested,
            Optional.ofNullable(dataSince),
            Optional.ofNullable(disks).map(Json::ways),
            Optional.ofNullable(diskPlaces).map(Json::places).orElse(Map.of()),
            Optional.ofNullable(share)),
        failure(),
        createdAt,
        updatedAt,
        Optional.ofNullable(endedAt));
  }
}
