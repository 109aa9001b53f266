package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.FlavorStore.FlavorRecord;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A cold migration, and what each of its moments does to its server. */
@Entity
@Table(name = "cold_migrations")
class ColdMigrationEntity {
  /** While these hold, data moves or will in a moment. */
  static final List<ColdStatus> SENDING = List.of(ColdStatus.PRE_MIGRATING, ColdStatus.MIGRATING);

  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  UUID uuid = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  @Convert(converter = StoredForms.OfColdStatus.class)
  ColdStatus status = ColdStatus.ACCEPTED;

  @Column(name = "saga_id")
  UUID saga = new UUID(0, 0);

  String source = "";

  @Column(name = "source_claim")
  @Nullable UUID sourceClaim;

  @Column(name = "requested_host")
  @Nullable String requestedHost;

  @Nullable String destination;

  @Column(name = "destination_claim")
  @Nullable UUID destinationClaim;

  boolean ran;

  @Column(name = "old_flavor")
  @Nullable String oldFlavor;

  @Column(name = "new_flavor")
  @Nullable String newFlavor;

  long epoch;
  String request = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  @Column(name = "owner_changed_at")
  @Nullable Instant ownerChangedAt;

  @Column(name = "finished_at")
  @Nullable Instant finishedAt;

  @Column(name = "left_at")
  @Nullable Instant leftAt;

  long bytes;

  @Column(name = "bytes_per_second")
  @Nullable Long bytesPerSecond;

  @Column(name = "turn_at", insertable = false, updatable = false)
  @Nullable Instant turnAt;

  @Column(name = "waits_for", insertable = false, updatable = false)
  @Nullable String waitsFor;

  @Nullable Integer tries;
  @Nullable String digests;

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

  /** Of a server that has been accepted for it. */
  static ColdMigrationEntity of(
      NewColdMigration asked, ServerEntity server, UUID saga, Requested by, Instant now) {
    ColdMigrationEntity entity = new ColdMigrationEntity();
    entity.uuid = asked.id();
    entity.server = server.id;
    entity.saga = saga;
    entity.source = Objects.requireNonNull(server.host);
    entity.sourceClaim = server.claim;
    entity.requestedHost = asked.requestedHost().map(HostName::value).orElse(null);
    entity.ran = server.vmState == VmState.ACTIVE;
    asked.autoDisk().ifPresent(auto -> server.diskConfig = ServerEntity.diskConfig(auto));
    if (asked.flavor().isPresent()) {
      FlavorRecord wanted = asked.flavor().get();
      entity.oldFlavor = server.flavor;
      entity.newFlavor = Json.of(wanted);
      server.vcpus = Math.max(server.vcpus, wanted.vcpus());
      server.memoryMib = Math.max(server.memoryMib, wanted.memoryMib());
    }
    entity.bytesPerSecond = asked.bytesPerSecond().orElse(null);
    entity.epoch = server.epoch;
    entity.request = by.request().value();
    entity.user = by.user();
    entity.project = by.project();
    entity.createdAt = now;
    entity.updatedAt = now;
    return entity;
  }

  private void at(ColdStatus now, ServerEntity of, TaskState task, Instant when) {
    status = now;
    updatedAt = when;
    if (of.task != TaskState.DELETING) {
      of.task = task;
    }
    of.updatedAt = when;
  }

  void chosen(HostName host, ClaimId claim, ServerEntity of, Instant now) {
    destination = host.value();
    destinationClaim = claim.value();
    at(ColdStatus.PRE_MIGRATING, of, TaskState.RESIZE_PREP, now);
  }

  void leaving(ServerEntity of, Instant now) {
    of.power = PowerState.SHUTDOWN;
    leftAt = leftAt == null ? now : leftAt;
    at(ColdStatus.MIGRATING, of, TaskState.RESIZE_MIGRATING, now);
  }

  void arrived(ServerEntity of, Arrival arrival, Instant now) {
    bytes = arrival.bytes();
    tries = arrival.tries();
    digests = Json.ofTexts(arrival.sha256());
    at(ColdStatus.POST_MIGRATING, of, TaskState.RESIZE_MIGRATED, now);
  }

  /** Once; the caller has looked that the claim is held. */
  void changeOwner(ServerEntity of, Instant now) {
    if (ownerChangedAt != null) {
      return;
    }
    of.host = Objects.requireNonNull(destination);
    of.claim = destinationClaim;
    ownerChangedAt = now;
    if (newFlavor != null) {
      is(of, newFlavor);
    }
    at(ColdStatus.POST_MIGRATING, of, TaskState.RESIZE_FINISH, now);
  }

  void returnOwner(ServerEntity of, Instant now) {
    of.host = source;
    of.claim = sourceClaim;
    of.updatedAt = now;
    if (oldFlavor != null) {
      is(of, oldFlavor);
    }
    updatedAt = now;
  }

  /** Its quota is held by the larger of the two until the end. */
  private static void is(ServerEntity of, String flavor) {
    of.flavor = flavor;
    of.flavorId = Json.read(FlavorRecord.class, flavor).id();
  }

  void finish(ServerEntity of, Instant now) {
    of.vmState = VmState.RESIZED;
    of.power = ran ? PowerState.RUNNING : PowerState.SHUTDOWN;
    of.fault(null, now);
    finishedAt = now;
    status = ColdStatus.FINISHED;
    updatedAt = now;
  }

  /** Asked for: confirmed or reverted. */
  void settling(ColdStatus how, UUID by, Instant now) {
    status = how;
    saga = by;
    updatedAt = now;
  }

  /** And it did not come to it. */
  void unsettled(ServerEntity of, Instant now) {
    of.vmState = VmState.RESIZED;
    status = ColdStatus.FINISHED;
    updatedAt = now;
  }

  void fail(ServerEntity of, Failure why, boolean stands, Instant now) {
    boolean runs = ran && !stands;
    of.vmState = runs ? VmState.ACTIVE : VmState.STOPPED;
    of.power = runs ? PowerState.RUNNING : PowerState.SHUTDOWN;
    of.fault(why, now);
    failureCode = why.code();
    failureMessage = why.message();
    counts(of);
    end(ColdStatus.ERROR, now);
  }

  void confirm(ServerEntity of, Instant now) {
    of.vmState = of.power == PowerState.SHUTDOWN ? VmState.STOPPED : VmState.ACTIVE;
    counts(of);
    end(ColdStatus.CONFIRMED, now);
  }

  void revert(ServerEntity of, @Nullable Failure trouble, Instant now) {
    of.vmState = trouble != null ? VmState.ERROR : ran ? VmState.ACTIVE : VmState.STOPPED;
    of.power = ran && trouble == null ? PowerState.RUNNING : PowerState.SHUTDOWN;
    of.fault(trouble, now);
    counts(of);
    end(ColdStatus.REVERTED, now);
  }

  /** Its server is gone. */
  void gone(Instant now) {
    end(ownerChangedAt == null ? ColdStatus.ERROR : ColdStatus.CONFIRMED, now);
  }

  /** What it is of its project's from now on. */
  private static void counts(ServerEntity of) {
    FlavorRecord flavor = Json.read(FlavorRecord.class, of.flavor);
    of.vcpus = flavor.vcpus();
    of.memoryMib = flavor.memoryMib();
  }

  private void end(ColdStatus how, Instant now) {
    status = how;
    updatedAt = now;
    endedAt = now;
  }

  private static Optional<FlavorRecord> flavor(@Nullable String stored) {
    return Optional.ofNullable(stored).map(text -> Json.read(FlavorRecord.class, text));
  }

  ColdMigrationRecord toRecord() {
    return new ColdMigrationRecord(
        Objects.requireNonNull(number),
        uuid,
        new ServerId(server),
        saga,
        status,
        new HostName(source),
        Optional.ofNullable(sourceClaim).map(ClaimId::new),
        Optional.ofNullable(requestedHost).map(HostName::new),
        Optional.ofNullable(destination).map(HostName::new),
        Optional.ofNullable(destinationClaim).map(ClaimId::new),
        ran,
        flavor(oldFlavor),
        flavor(newFlavor),
        epoch,
        new RequestId(request),
        user,
        project,
        Optional.ofNullable(ownerChangedAt),
        Optional.ofNullable(leftAt),
        Optional.ofNullable(finishedAt),
        tries == null
            ? Optional.empty()
            : Optional.of(
                new Arrival(bytes, tries, digests == null ? Map.of() : Json.texts(digests))),
        Optional.ofNullable(bytesPerSecond),
        failureCode == null || failureMessage == null
            ? Optional.empty()
            : Optional.of(new Failure(failureCode, failureMessage)),
        createdAt,
        updatedAt,
        Optional.ofNullable(endedAt));
  }
}
