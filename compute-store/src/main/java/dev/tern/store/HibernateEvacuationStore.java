package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateEvacuationStore implements EvacuationStore {
  private final EntityManager entities;
  private final Rows rows;
  private final Requests requests;
  private final Endings endings;
  private final Claims claims;

  HibernateEvacuationStore(
      EntityManager entities, Rows rows, Requests requests, Endings endings, Claims claims) {
    this.entities = entities;
    this.rows = rows;
    this.requests = requests;
    this.endings = endings;
    this.claims = claims;
  }

  // ---- the request

  @Override
  public EvacuationRecord request(NewEvacuation asked, Requested by) {
    // Sagas before the server, as everywhere; one that begins meanwhile is refused below.
    List<SagaEntity> known = unfinished(asked.server(), LockModeType.PESSIMISTIC_WRITE);
    ServerEntity server = requests.server(asked.server());
    List<SagaEntity> all = unfinished(asked.server(), LockModeType.NONE);
    Evacuating.guard(server, all);
    if (!known.containsAll(all)) {
      Requests.guardTask(server, Evacuating.ACTION);
    }
    requireFenced(String.valueOf(server.host));
    Instant now = rows.now();
    Failure overtaken = Evacuating.overtaken(String.valueOf(server.host));
    for (SagaEntity saga : all) {
      volumeOf(saga).ifPresent(volume -> volume.failed(overtaken, now));
      endings.end(saga, server, Optional.of(overtaken), now);
    }
    UUID saga =
        requests.accept(
            server, TaskState.REBUILDING, SagaKind.EVACUATE, null, Evacuating.ACTION, by, now);
    // The evacuation refers to it, and Hibernate would insert in an order of its own.
    entities.flush();
    EvacuationEntity evacuation = EvacuationEntity.of(asked, server, saga, by, now);
    entities.persist(evacuation);
    return evacuation.toRecord();
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ComputeException> objection(ServerId id) {
    return Evacuating.objection(
        Optional.ofNullable(entities.find(ServerEntity.class, id.value())),
        id,
        () -> unfinished(id, LockModeType.NONE));
  }

  private List<SagaEntity> unfinished(ServerId server, LockModeType lock) {
    return entities
        .createQuery(
            "from SagaEntity s where s.server = :server and s.endedAt is null order by s.id",
            SagaEntity.class)
        .setParameter("server", server.value())
        .setLockMode(lock)
        .getResultList();
  }

  private Optional<VolumeEntity> volumeOf(SagaEntity saga) {
    return entities
        .createQuery(
            "from VolumeEntity v where v.saga = :saga and v.endedAt is null", VolumeEntity.class)
        .setParameter("saga", saga.id)
        .getResultStream()
        .findFirst();
  }

  /** And nobody takes it back until this transaction has ended. */
  private void requireFenced(String host) {
    boolean down =
        entities
            .createQuery("from HostEntity h where h.name = :name", HostEntity.class)
            .setParameter("name", host)
            .setLockMode(LockModeType.PESSIMISTIC_READ)
            .getResultStream()
            .anyMatch(found -> found.forcedDown);
    if (!down) {
      throw Evacuating.notFenced(host);
    }
  }

  // ---- reading

  @Override
  @Transactional(readOnly = true)
  public Optional<EvacuationRecord> find(UUID id) {
    return by("uuid", id, LockModeType.NONE).map(EvacuationEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<EvacuationRecord> ofSaga(UUID saga) {
    return by("saga", saga, LockModeType.NONE).map(EvacuationEntity::toRecord);
  }

  private Optional<EvacuationEntity> by(String field, UUID id, LockModeType lock) {
    return entities
        .createQuery("from EvacuationEntity e where e." + field + " = :id", EvacuationEntity.class)
        .setParameter("id", id)
        .setLockMode(lock)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional(readOnly = true)
  public List<EvacuationRecord> list(EvacuationQuery query) {
    Map<String, Object> values = new LinkedHashMap<>();
    List<String> conditions = new ArrayList<>(List.of("1 = 1"));
    query.server().ifPresent(server -> values.put("e.server = :server", server.value()));
    query.source().ifPresent(source -> values.put("e.source = :source", source.value()));
    query.status().ifPresent(status -> values.put("e.status = :status", status));
    query.user().ifPresent(user -> values.put("e.user = :user", user));
    query.project().ifPresent(project -> values.put("e.project = :project", project));
    query.changesSince().ifPresent(since -> values.put("e.updatedAt >= :since", since));
    query.before().ifPresent(number -> values.put("e.number < :before", number));
    query
        .host()
        .ifPresent(host -> values.put("(e.source = :host or e.destination = :host)", host.value()));
    conditions.addAll(values.keySet());
    TypedQuery<EvacuationEntity> page =
        entities.createQuery(
            "from EvacuationEntity e where "
                + String.join(" and ", conditions)
                + " order by e.number desc",
            EvacuationEntity.class);
    values.forEach((condition, value) -> page.setParameter(parameter(condition), value));
    return page.setMaxResults(query.limit()).getResultStream().map(e -> e.toRecord()).toList();
  }

  private static String parameter(String condition) {
    return condition.substring(condition.lastIndexOf(':') + 1).replace(")", "");
  }

  @Override
  @Transactional(readOnly = true)
  public boolean reliesOn(HostName source) {
    return entities
            .createQuery(
                "select count(e) from EvacuationEntity e where e.source = :source and (e.endedAt is"
                    + " null or (e.ownerChangedAt is not null and e.settledAt is null))",
                Long.class)
            .setParameter("source", source.value())
            .getSingleResult()
        > 0;
  }

  // ---- what the conductor writes

  private record Held(SagaEntity saga, ServerEntity server, EvacuationEntity evacuation) {}

  private Held hold(Lease lease, UUID id) {
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, saga.server);
    EvacuationEntity evacuation = locked(id);
    Evacuating.requireOf(evacuation, saga);
    return new Held(saga, server, evacuation);
  }

  private EvacuationEntity locked(UUID id) {
    return by("uuid", id, LockModeType.PESSIMISTIC_WRITE)
        .orElseThrow(() -> new IllegalStateException("no evacuation " + id));
  }

  @Override
  public void chosen(Lease lease, UUID id, HostName destination, ClaimId claim) {
    Held held = hold(lease, id);
    claims.requireHeld(claim, held.server().id, destination);
    held.evacuation().chosen(destination, claim, held.server(), rows.now());
  }

  @Override
  public void ownerChanged(Lease lease, UUID id) {
    Held held = hold(lease, id);
    EvacuationEntity evacuation = held.evacuation();
    if (evacuation.ownerChangedAt != null) {
      return;
    }
    requireFenced(evacuation.source);
    evacuation.changeOwner(held.server(), rows.now());
    ServerEntity server = held.server();
    if (server.claim == null || server.host == null) {
      throw new IllegalStateException("a destination without a claim");
    }
    claims.requireHeld(new ClaimId(server.claim), server.id, new HostName(server.host));
    claims.releaseAllBut(server.id, server.claim);
    // A lost source that was to have the server again must not: it is told of this instead.
    entities
        .createQuery(
            "from FenceEntity f where f.server = :server and f.host = :host"
                + " and f.reliedOnAt is not null and f.settledAt is null",
            FenceEntity.class)
        .setParameter("server", server.id)
        .setParameter("host", evacuation.source)
        .getResultList()
        .forEach(fence -> fence.settle(Outcome.OVERTAKEN, Evacuating.OVERTAKEN, rows.now()));
  }

  @Override
  public void done(Lease lease, UUID id, VmState state) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    Evacuating.is(held.server(), state, now);
    held.evacuation().end(EvacuationStatus.DONE, null, now);
    endings.end(held.saga(), held.server(), Optional.empty(), now);
  }

  @Override
  public void failed(Lease lease, UUID id, Failure failure, boolean broken, List<HostName> leftAt) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    ServerEntity server = held.server();
    if (broken) {
      server.vmState = VmState.ERROR;
      server.power = PowerState.NOSTATE;
      server.fault(failure, now);
    }
    claims.releaseAllBut(server.id, server.claim);
    keep(held.evacuation(), leftAt, now);
    held.evacuation().end(broken ? EvacuationStatus.ERROR : EvacuationStatus.FAILED, failure, now);
    endings.end(held.saga(), server, Optional.of(failure), now);
  }

  @Override
  public void leftBehind(Lease lease, UUID id, List<HostName> hosts) {
    keep(hold(lease, id).evacuation(), hosts, rows.now());
  }

  private void keep(EvacuationEntity evacuation, List<HostName> hosts, Instant now) {
    for (HostName host : hosts) {
      boolean known =
          entities
                  .createQuery(
                      "select count(l) from EvacuationLeftoverEntity l"
                          + " where l.evacuation = :evacuation and l.host = :host",
                      Long.class)
                  .setParameter("evacuation", evacuation.uuid)
                  .setParameter("host", host.value())
                  .getSingleResult()
              > 0;
      if (!known) {
        entities.persist(EvacuationLeftoverEntity.of(evacuation, host, now));
      }
    }
  }

  // ---- hosts that are back

  @Override
  @Transactional(readOnly = true)
  public List<EvacuationRecord> owing(int limit) {
    return entities
        .createQuery(
            "select e from EvacuationEntity e join HostEntity h on h.name = e.source"
                + " where e.ownerChangedAt is not null and e.settledAt is null"
                + " and e.endedAt is not null and h.lastSeen > e.ownerChangedAt order by e.number",
            EvacuationEntity.class)
        .setMaxResults(limit)
        .getResultStream()
        .map(EvacuationEntity::toRecord)
        .toList();
  }

  @Override
  public void settle(UUID id, Outcome outcome, String said) {
    locked(id).settle(outcome, said, rows.now());
  }

  @Override
  @Transactional(readOnly = true)
  public List<Leftover> leftovers(int limit) {
    return entities
        .createQuery(
            "select l from EvacuationLeftoverEntity l join HostEntity h on h.name = l.host"
                + " where l.settledAt is null and h.lastSeen > l.leftAt order by l.number",
            EvacuationLeftoverEntity.class)
        .setMaxResults(limit)
        .getResultStream()
        .map(EvacuationLeftoverEntity::toRecord)
        .toList();
  }

  /** The server's row first, as everywhere. */
  @Override
  public void takenBack(Leftover leftover, Optional<VmState> state) {
    Optional<ServerEntity> server = rows.lockServer(leftover.server().value());
    EvacuationLeftoverEntity left =
        Objects.requireNonNull(
            entities.find(
                EvacuationLeftoverEntity.class, leftover.number(), LockModeType.PESSIMISTIC_WRITE));
    if (left.settledAt == null) {
      Instant now = rows.now();
      left.settledAt = now;
      state.ifPresent(is -> server.ifPresent(of -> left.takenBack(of, is, now)));
    }
  }

  @Override
  @Transactional(readOnly = true)
  public List<HostName> owed(UUID migration) {
    return entities
        .createQuery(
            "select distinct l.host from EvacuationLeftoverEntity l"
                + " where l.evacuation = :migration and l.settledAt is null order by l.host",
            String.class)
        .setParameter("migration", migration)
        .getResultStream()
        .map(HostName::new)
        .toList();
  }

  @Override
  public void removed(Leftover leftover) {
    Optional.ofNullable(
            entities.find(
                EvacuationLeftoverEntity.class, leftover.number(), LockModeType.PESSIMISTIC_WRITE))
        .ifPresent(left -> left.settledAt = rows.now());
  }
}
