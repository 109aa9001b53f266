package dev.tern.api.fakes;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.PolicyParts;
import dev.tern.store.MigrationFigures;
import dev.tern.store.MigrationStore;
import dev.tern.store.PauseParts;
import dev.tern.store.SagaStore;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

public final class InMemoryMigrations implements MigrationStore {
  private final List<MigrationRecord> all = new ArrayList<>();
  private final InMemoryServers servers;
  private final Clock clock;
  private Optional<NewMigration> lastAsked = Optional.empty();

  public InMemoryMigrations(InMemoryServers servers, Clock clock) {
    this.servers = servers;
    this.clock = clock;
  }

  public synchronized void clear() {
    all.clear();
    lastAsked = Optional.empty();
  }

  /** What was asked for last. */
  public synchronized Optional<NewMigration> lastAsked() {
    return lastAsked;
  }

  public synchronized int count() {
    return all.size();
  }

  public synchronized MigrationRecord newest() {
    return all.getLast();
  }

  /** Its data moves from then on. */
  public synchronized void movingSince(MigrationId id, Instant since) {
    MigrationRecord migration = find(id).orElseThrow();
    Wishes before = migration.wishes();
    put(
        Samples.wishing(
            migration,
            new Wishes(
                before.policy(),
                before.revision(),
                before.streams(),
                before.forced(),
                Optional.of(since))));
  }

  /** What a conductor would have written; a terminal status frees the server. */
  public synchronized void put(MigrationRecord migration) {
    all.removeIf(m -> m.id().equals(migration.id()));
    all.add(migration);
    if (migration.status().terminal()) {
      servers.unlock(migration.server());
    }
  }

  @Override
  public synchronized MigrationRecord requestLiveMigration(NewMigration asked, Requested by) {
    ServerRecord server = servers.lockForMigration(asked.server(), by);
    lastAsked = Optional.of(asked);
    MigrationRecord made =
        new MigrationRecord(
            all.size() + 1L,
            asked.id(),
            asked.server(),
            UUID.nameUUIDFromBytes(new byte[] {(byte) all.size()}),
            MigrationStatus.ACCEPTED,
            Phase.BEGIN,
            false,
            false,
            false,
            server.host().orElseThrow(),
            asked.requestedHost(),
            Optional.empty(),
            Optional.empty(),
            asked.blockMigration(),
            asked.diskOverCommit(),
            server.epoch(),
            by.user(),
            by.project(),
            0,
            0,
            0,
            0,
            0,
            0,
            Optional.empty(),
            MigrationFigures.NONE,
            new Wishes(asked.policy(), 0, asked.streams(), false, Optional.empty()),
            Optional.empty(),
            clock.instant(),
            clock.instant(),
            Optional.empty());
    all.add(made);
    return made;
  }

  @Override
  public synchronized void requestAbort(ServerId server, long number, Requested by) {
    MigrationRecord migration =
        find(server, number)
            .orElseThrow(
                () -> new ComputeException(ErrorCode.MIGRATION_NOT_FOUND, "no migration", null));
    if (migration.status().terminal()) {
      throw new ComputeException(ErrorCode.INVALID_MIGRATION_STATE, "ended", null);
    }
    put(Samples.aborting(migration));
  }

  @Override
  public synchronized void requestForceComplete(ServerId server, long number, Requested by) {
    MigrationRecord migration =
        find(server, number)
            .orElseThrow(
                () -> new ComputeException(ErrorCode.MIGRATION_NOT_FOUND, "no migration", null));
    if (migration.status() != MigrationStatus.RUNNING) {
      throw new ComputeException(ErrorCode.INVALID_MIGRATION_STATE, "not running", null);
    }
    Wishes before = migration.wishes();
    put(
        Samples.wishing(
            migration,
            new Wishes(
                before.policy(), before.revision(), before.streams(), true, before.dataSince())));
  }

  @Override
  public synchronized MigrationRecord requestPolicy(
      MigrationId id, PolicyParts parts, Requested by) {
    MigrationRecord migration =
        find(id)
            .orElseThrow(
                () -> new ComputeException(ErrorCode.MIGRATION_NOT_FOUND, "no migration", null));
    if (migration.status().terminal()) {
      throw new ComputeException(ErrorCode.INVALID_MIGRATION_STATE, "ended", null);
    }
    Wishes before = migration.wishes();
    put(
        Samples.wishing(
            migration,
            new Wishes(
                parts.over(before.policy()),
                before.revision() + 1,
                before.streams(),
                before.forced(),
                before.dataSince())));
    return find(id).orElseThrow();
  }

  @Override
  public synchronized Optional<MigrationRecord> find(MigrationId id) {
    return all.stream().filter(m -> m.id().equals(id)).findFirst();
  }

  @Override
  public synchronized Optional<MigrationRecord> find(ServerId server, long number) {
    return all.stream().filter(m -> m.server().equals(server) && m.number() == number).findFirst();
  }

  @Override
  public synchronized List<MigrationRecord> list(MigrationQuery query) {
    List<MigrationRecord> newest = all.reversed();
    int from =
        query
            .marker()
            .map(m -> newest.stream().map(MigrationRecord::id).toList().indexOf(m) + 1)
            .orElse(0);
    return newest.stream()
        .skip(from)
        .filter(m -> query.server().isEmpty() || query.server().get().equals(m.server()))
        .filter(m ->
            query.host().isEmpty()
                || query.host().get().equals(m.source())
                || query.host().equals(m.destination()))
        .filter(m -> query.source().isEmpty() || query.source().get().equals(m.source()))
        .filter(m -> query.status().isEmpty() || query.status().get() == m.status())
        .filter(m ->
            !query.inProgressOnly()
                || m.status() == MigrationStatus.QUEUED
                || m.status() == MigrationStatus.PREPARING
                || m.status() == MigrationStatus.RUNNING)
        .filter(m -> query.user().isEmpty() || query.user().get().equals(m.user()))
        .filter(m -> query.project().isEmpty() || query.project().get().equals(m.project()))
        .filter(m ->
            query.changesSince().isEmpty() || !m.updatedAt().isBefore(query.changesSince().get()))
        .limit(query.limit())
        .toList();
  }

  @Override
  public void progress(MigrationProgress progress) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void planned(
      SagaStore.Lease lease, MigrationId id, HostName destination, ClaimId claim, long diskBytes) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void foreseen(SagaStore.Lease lease, MigrationId id, Forecast forecast) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void entered(SagaStore.Lease lease, MigrationId id, MigrationStatus status, Phase phase) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void inDoubt(SagaStore.Lease lease, MigrationId id, boolean inDoubt, String why) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void ownerChanged(SagaStore.Lease lease, MigrationId id, PauseParts pause) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void completed(SagaStore.Lease lease, MigrationId id) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void rolledBack(
      SagaStore.Lease lease, MigrationId id, MigrationStatus status, Failure failure) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void guestLost(SagaStore.Lease lease, MigrationId id, Failure failure) {
    throw new UnsupportedOperationException("the conductor's");
  }
}
