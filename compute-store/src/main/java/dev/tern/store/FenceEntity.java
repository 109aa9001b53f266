package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.FenceStore.FenceRecord;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "fences")
class FenceEntity {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  @Nullable Long number;

  @Column(name = "migration_id")
  UUID migration = new UUID(0, 0);

  @Column(name = "server_id")
  UUID server = new UUID(0, 0);

  String host = "";

  @Enumerated(EnumType.STRING)
  Runs runs = Runs.ELSEWHERE;

  @Nullable String kept;

  long epoch;
  String request = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  @Column(name = "stated_at")
  Instant statedAt = Instant.EPOCH;

  @Column(name = "relied_on_at")
  @Nullable Instant reliedOnAt;

  @Column(name = "settled_at")
  @Nullable Instant settledAt;

  @Enumerated(EnumType.STRING)
  @Nullable Outcome outcome;

  @Nullable String said;

  static FenceEntity of(
      MigrationEntity migration, HostName host, Runs runs, Requested by, Instant now) {
    FenceEntity fence = new FenceEntity();
    fence.migration = migration.uuid;
    fence.server = migration.server;
    fence.host = host.value();
    fence.runs = runs;
    fence.epoch = migration.epoch;
    fence.request = by.request().value();
    fence.user = by.user();
    fence.project = by.project();
    fence.statedAt = now;
    return fence;
  }

  void keep(String directory) {
    if (kept == null) {
      kept = directory;
    }
  }

  /** The server is what its host says, unless it has become something else since. */
  void returned(ServerEntity server, VmState state, Instant now) {
    if (server.vmState != VmState.ERROR || server.task != null || !host.equals(server.host)) {
      return;
    }
    server.found(state, now);
  }

  void settle(Outcome how, String told, Instant now) {
    if (reliedOnAt == null) {
      throw new IllegalStateException("nobody went on without " + host);
    }
    if (settledAt == null) {
      settledAt = now;
      outcome = how;
      said = told;
    }
  }

  FenceRecord toRecord(MigrationEntity of) {
    return new FenceRecord(
        new MigrationId(migration),
        new ServerId(server),
        new HostName(host),
        host.equals(of.source),
        runs,
        Optional.ofNullable(kept),
        epoch,
        new RequestId(request),
        user,
        project,
        statedAt,
        Optional.ofNullable(reliedOnAt),
        Optional.ofNullable(settledAt),
        Optional.ofNullable(outcome),
        said == null ? "" : said);
  }
}
