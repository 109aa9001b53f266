package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateColdMigrationStore implements ColdMigrationStore {
  private static final int MOST_SENDING = 1_000;

  private final EntityManager entities;
  private final Rows rows;
  private final Requests requests;
  private final Endings endings;
  private final Claims claims;
  private final Quotas quotas;

  HibernateColdMigrationStore(
      EntityManager entities,
      Rows rows,
      Requests requests,
      Endings endings,
      Claims claims,
      Quotas quotas) {
    this.entities = entities;
    this.rows = rows;
    this.requests = requests;
    this.endings = endings;
    this.claims = claims;
    this.quotas = quotas;
  }

  // ---- the requests

  @Override
  public ColdMigrationRecord request(NewColdMigration asked, Requested by) {
    ServerEntity server = requests.server(asked.server());
    ColdMoving.guard(server, asked);
    asked
        .flavor()
        .ifPresent(flavor ->
            quotas.grow(
                server.project,
                flavor.vcpus() - server.vcpus,
                flavor.memoryMib() - server.memoryMib,
                asked.usualLimits()));
    Instant now = rows.now();
    UUID saga =
        requests.accept(
            server,
            TaskState.RESIZE_PREP,
            SagaKind.COLD_MIGRATION,
            null,
            ColdMoving.action(asked),
            by,
            now);
    entities.flush();
    ColdMigrationEntity migration = ColdMigrationEntity.of(asked, server, saga, by, now);
    entities.persist(migration);
    return migration.toRecord();
  }

  @Override
  public ColdMigrationRecord requestConfirm(ServerId id, Requested by) {
    return settle(id, ColdStatus.CONFIRMING, TaskState.RESIZE_CONFIRMING, ColdMoving.CONFIRM, by);
  }

  @Override
  public ColdMigrationRecord requestRevert(ServerId id, Requested by) {
    return settle(id, ColdStatus.REVERTING, TaskState.RESIZE_REVERTING, ColdMoving.REVERT, by);
  }

  private ColdMigrationRecord settle(
      ServerId id, ColdStatus how, TaskState task, String action, Requested by) {
    ServerEntity server = requests.server(id);
    ColdMigrationEntity migration =
        ColdMoving.guardWaiting(server, action, openOf(id.value(), LockModeType.PESSIMISTIC_WRITE));
    Instant now = rows.now();
    UUID saga = requests.accept(server, task, ColdMoving.sagaOf(how), null, action, by, now);
    entities.flush();
    migration.settling(how, saga, now);
    return migration.toRecord();
  }

  // ---- reading

  @Override
  @Transactional(readOnly = true)
  public Optional<ColdMigrationRecord> find(UUID id) {
    return by(id, LockModeType.NONE).map(ColdMigrationEntity::toRecord);
  }

  private Optional<ColdMigrationEntity> by(UUID id, LockModeType lock) {
    return entities
        .createQuery("from ColdMigrationEntity m where m.uuid = :id", ColdMigrationEntity.class)
        .setParameter("id", id)
        .setLockMode(lock)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ColdMigrationRecord> open(ServerId server) {
    return openOf(server.value(), LockModeType.NONE).map(ColdMigrationEntity::toRecord);
  }

  private Optional<ColdMigrationEntity> openOf(UUID server, LockModeType lock) {
    return entities
        .createQuery(
            "from ColdMigrationEntity m where m.server = :server and m.endedAt is null",
            ColdMigrationEntity.class)
        .setParameter("server", server)
        .setLockMode(lock)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional(readOnly = true)
  public List<ColdMigrationRecord> list(ColdMigrationQuery query) {
    Map<String, Object> values = new LinkedHashMap<>();
    List<String> conditions = new ArrayList<>(List.of("1 = 1"));
    query.server().ifPresent(server -> values.put("m.server = :server", server.value()));
    query.source().ifPresent(source -> values.put("m.source = :source", source.value()));
    query.status().ifPresent(status -> values.put("m.status = :status", status));
    query.user().ifPresent(user -> values.put("m.user = :user", user));
    query.project().ifPresent(project -> values.put("m.project = :project", project));
    query.changesSince().ifPresent(since -> values.put("m.updatedAt >= :since", since));
    query.before().ifPresent(number -> values.put("m.number < :before", number));
    query
        .host()
        .ifPresent(host -> values.put("(m.source = :host or m.destination = :host)", host.value()));
    query
        .resize()
        .ifPresent(
            resize -> conditions.add(resize ? "m.newFlavor is not null" : "m.newFlavor is null"));
    conditions.addAll(values.keySet());
    TypedQuery<ColdMigrationEntity> page =
        entities.createQuery(
            "from ColdMigrationEntity m where "
                + String.join(" and ", conditions)
                + " order by m.number desc",
            ColdMigrationEntity.class);
    values.forEach((condition, value) -> page.setParameter(parameter(condition), value));
    return page.setMaxResults(query.limit())
        .getResultStream()
        .map(ColdMigrationEntity::toRecord)
        .toList();
  }

  private static String parameter(String condition) {
    return condition.substring(condition.lastIndexOf(':') + 1).replace(")", "");
  }

  @Override
  @Transactional(readOnly = true)
  public List<ColdMigrationRecord> waiting(Duration atLeast, int limit) {
    return entities
        .createQuery(
            "from ColdMigrationEntity m where m.status = :finished and m.finishedAt <= :before"
                + " order by m.finishedAt",
            ColdMigrationEntity.class)
        .setParameter("finished", ColdStatus.FINISHED)
        .setParameter("before", rows.now().minus(atLeast))
        .setMaxResults(limit)
        .getResultStream()
        .map(ColdMigrationEntity::toRecord)
        .toList();
  }

  @Override
  @Transactional(readOnly = true)
  public List<ColdMigrationRecord> sending() {
    return entities
        .createQuery(
            "from ColdMigrationEntity m where m.status in (:sending) and m.turnAt is not null"
                + " and m.destination <> m.source"
                + " order by m.number",
            ColdMigrationEntity.class)
        .setParameter("sending", ColdMigrationEntity.SENDING)
        .setMaxResults(MOST_SENDING)
        .getResultStream()
        .map(ColdMigrationEntity::toRecord)
        .toList();
  }

  @Override
  public boolean takeTurn(UUID id, TurnStore.AtOnce most) {
    return new Turns(entities, rows).takeCold(id, most);
  }

  @Override
  public void share(UUID id, Optional<Long> bytesPerSecond) {
    entities
        .createQuery(
            "update ColdMigrationEntity m set m.bytesPerSecond = :share"
                + " where m.uuid = :id and m.status in (:sending)")
        .setParameter("share", bytesPerSecond.orElse(null))
        .setParameter("id", id)
        .setParameter("sending", ColdMigrationEntity.SENDING)
        .executeUpdate();
  }

  // ---- what the conductor writes

  private record Held(SagaEntity saga, ServerEntity server, ColdMigrationEntity migration) {}

  private Held hold(Lease lease, UUID id) {
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, saga.server);
    ColdMigrationEntity migration =
        by(id, LockModeType.PESSIMISTIC_WRITE).orElseThrow(() -> ColdMoving.none(id));
    ColdMoving.requireOf(migration, saga);
    return new Held(saga, server, migration);
  }

  @Override
  public void chosen(Lease lease, UUID id, HostName destination, ClaimId claim) {
    Held held = hold(lease, id);
    claims.requireHeld(claim, held.server().id, destination);
    held.migration().chosen(destination, claim, held.server(), rows.now());
  }

  @Override
  public void leaving(Lease lease, UUID id) {
    Held held = hold(lease, id);
    held.migration().leaving(held.server(), rows.now());
  }

  @Override
  public void arrived(Lease lease, UUID id, Arrival arrival) {
    Held held = hold(lease, id);
    held.migration().arrived(held.server(), arrival, rows.now());
  }

  @Override
  public void ownerChanged(Lease lease, UUID id) {
    Held held = hold(lease, id);
    ColdMigrationEntity migration = held.migration();
    if (migration.destination == null || migration.destinationClaim == null) {
      throw new IllegalStateException("a destination without a claim");
    }
    claims.requireHeld(
        new ClaimId(migration.destinationClaim),
        held.server().id,
        new HostName(migration.destination));
    migration.changeOwner(held.server(), rows.now());
  }

  @Override
  public void ownerReturned(Lease lease, UUID id) {
    Held held = hold(lease, id);
    held.migration().returnOwner(held.server(), rows.now());
  }

  @Override
  public void finished(Lease lease, UUID id, List<HostName> leftAt) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.migration().finish(held.server(), now);
    owe(held, held.migration().epoch, leftAt, now);
    endings.end(held.saga(), held.server(), Optional.empty(), now);
  }

  @Override
  public void failed(Lease lease, UUID id, Failure failure, boolean stands, List<HostName> leftAt) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.migration().fail(held.server(), failure, stands, now);
    owe(held, held.migration().epoch, leftAt, now);
    end(held, Optional.of(failure), List.of(), now);
  }

  @Override
  public void confirmed(Lease lease, UUID id, List<HostName> leftAt) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.migration().confirm(held.server(), now);
    end(held, Optional.empty(), leftAt, now);
  }

  @Override
  public void reverted(Lease lease, UUID id, Optional<Failure> trouble, List<HostName> leftAt) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.migration().revert(held.server(), trouble.orElse(null), now);
    end(held, trouble, leftAt, now);
  }

  private void end(Held held, Optional<Failure> failure, List<HostName> leftAt, Instant now) {
    claims.releaseAllBut(held.server().id, held.server().claim);
    owe(held, held.server().epoch, leftAt, now);
    endings.end(held.saga(), held.server(), failure, now);
  }

  private void owe(Held held, long epoch, List<HostName> leftAt, Instant now) {
    for (HostName host : leftAt) {
      entities.persist(ColdMoving.leftover(held.migration(), host.value(), epoch, now));
    }
  }

  @Override
  public void owesTakeBack(Lease lease, UUID id) {
    Held held = hold(lease, id);
    boolean owed =
        !entities
            .createQuery(
                "from EvacuationLeftoverEntity l"
                    + " where l.evacuation = :migration and l.takeBack is not null",
                EvacuationLeftoverEntity.class)
            .setParameter("migration", id)
            .getResultList()
            .isEmpty();
    if (!owed) {
      entities.persist(ColdMoving.takeBack(held.migration(), held.server(), rows.now()));
    }
  }

  @Override
  public void unsettled(Lease lease, UUID id, Failure failure) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.migration().unsettled(held.server(), now);
    endings.end(held.saga(), held.server(), Optional.of(failure), now);
  }
}
