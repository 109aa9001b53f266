package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;

/** Rows are locked in this order: host, drain, and then as everywhere. */
@Transactional
class HibernateDrainStore implements DrainStore {
  private static final int FORGET_AT_ONCE = 100;

  private final EntityManager entities;
  private final Rows rows;
  private final MigrationStore migrations;
  private final ColdMigrationStore coldMigrations;
  private final DrainLimits limits;
  private final Supplier<UUID> newIds;

  HibernateDrainStore(
      EntityManager entities,
      Rows rows,
      MigrationStore migrations,
      ColdMigrationStore coldMigrations,
      Supplier<UUID> newIds) {
    this.entities = entities;
    this.rows = rows;
    this.migrations = migrations;
    this.coldMigrations = coldMigrations;
    this.limits = new DrainLimits(entities);
    this.newIds = newIds;
  }

  // ---- requests

  @Override
  public DrainRecord request(NewDrain asked, Requested by) {
    HostEntity host = lockHost(asked.host());
    Instant now = rows.now();
    DrainEntity drain = DrainEntity.of(asked, by, now);
    if (asked.dryRun()) {
      entities.persist(drain);
      return drain.toRecord();
    }
    Optional<DrainEntity> before =
        asked.purpose() == Purpose.REBALANCE ? rebalancing() : underWay(host.name);
    if (before.isPresent()) {
      if (before.get().state == State.RETURNING) {
        throw DrainEntity.comingHome(before.get().id, host.name);
      }
      if (before.get().purpose != asked.purpose()) {
        throw before.get().underWay();
      }
      return before.get().toRecord();
    }
    if (asked.purpose() != Purpose.EMPTY) {
      entities.persist(drain);
      return drain.toRecord();
    }
    if (!host.disabled) {
      drain.disabledService = true;
      host.disabled = true;
      host.disabledReason = drain.closedBecause();
    }
    entities.persist(drain);
    entities.flush();
    share(host.name).drain = drain.id;
    return drain.toRecord();
  }

  private HostEntity lockHost(HostName name) {
    return entities
        .createQuery("from HostEntity h where h.name = :name and not h.removed", HostEntity.class)
        .setParameter("name", name.value())
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getResultStream()
        .findFirst()
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.COMPUTE_HOST_NOT_FOUND,
                "Compute host %s could not be found.".formatted(name),
                null));
  }

  /** Also one that is off the list. */
  private HostEntity anyHost(String name) {
    return entities
        .createQuery("from HostEntity h where h.name = :name", HostEntity.class)
        .setParameter("name", name)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getSingleResult();
  }

  /** Whoever claims a share of the host waits here. */
  private HostShareEntity share(String host) {
    HostShareEntity share =
        Objects.requireNonNull(
            entities.find(HostShareEntity.class, host, LockModeType.PESSIMISTIC_WRITE));
    entities.refresh(share, LockModeType.PESSIMISTIC_WRITE);
    return share;
  }

  private Optional<DrainEntity> underWay(String host) {
    return entities
        .createQuery(
            "from DrainEntity d where d.host = :host and d.state in :states"
                + " and d.purpose <> :other",
            DrainEntity.class)
        .setParameter("host", host)
        .setParameter("other", Purpose.REBALANCE)
        .setParameter("states", List.of(State.DRAINING, State.RETURNING))
        .getResultStream()
        .findFirst();
  }

  private Optional<DrainEntity> rebalancing() {
    limits.lock(); // There is no row that all of them have.
    return entities
        .createQuery(
            "from DrainEntity d where d.purpose = :purpose and d.state = :state", DrainEntity.class)
        .setParameter("purpose", Purpose.REBALANCE)
        .setParameter("state", State.DRAINING)
        .getResultStream()
        .findFirst();
  }

  @Override
  public DrainRecord order(UUID id, Order order) {
    HostEntity host = anyHost(find(id).orElseThrow(() -> DrainEntity.notFound(id)).host().value());
    DrainEntity drain = lock(id).orElseThrow(() -> DrainEntity.notFound(id));
    State before = drain.state;
    List<DrainServerEntity> servers = rowsOf(id);
    boolean moving = servers.stream().anyMatch(each -> each.state == ServerState.MOVING);
    if (order == Order.RETURN) {
      underWay(drain.host)
          .filter(other -> !other.id.equals(id))
          .ifPresent(other -> {
            throw DrainEntity.beingEmptied(other.id, other.host);
          });
    }
    if (!drain.order(order, moving, rows.now())) {
      return drain.toRecord();
    }
    switch (order) {
      case PAUSE -> {}
      case RESUME -> servers.forEach(DrainServerEntity::again);
      case CANCEL, ABORT -> {
        servers.forEach(each -> each.given("The drain was cancelled."));
        if (before == State.DRAINING) {
          open(drain, host);
        }
      }
      case RETURN -> {
        open(drain, host);
        sendHome(id, servers);
      }
    }
    return drain.toRecord();
  }

  private void sendHome(UUID id, List<DrainServerEntity> servers) {
    servers.stream()
        .filter(each -> each.leg == Leg.OUT && each.state == ServerState.MOVED)
        .forEach(each ->
            entities.persist(
                DrainServerEntity.of(
                    id, DrainServer.waiting(new ServerId(each.server), Leg.HOME, each.place))));
  }

  /** Servers may come again; the service is as it was before the drain. */
  private void open(DrainEntity drain, HostEntity host) {
    HostShareEntity share = share(drain.host);
    if (drain.id.equals(share.drain)) {
      share.drain = null;
      if (drain.disabledService) {
        host.disabled = false;
        host.disabledReason = null;
        drain.disabledService = false;
      }
    }
  }

  @Override
  public DrainRecord change(UUID id, Wishes wishes) {
    DrainEntity drain = lock(id).orElseThrow(() -> DrainEntity.notFound(id));
    drain.change(wishes, rows.now());
    rowsOf(id).forEach(DrainServerEntity::again);
    return drain.toRecord();
  }

  private Optional<DrainEntity> lock(UUID id) {
    @Nullable DrainEntity drain =
        entities.find(DrainEntity.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (drain != null) {
      entities.refresh(drain, LockModeType.PESSIMISTIC_WRITE);
    }
    return Optional.ofNullable(drain);
  }

  // ---- reading

  @Override
  @Transactional(readOnly = true)
  public Optional<DrainRecord> find(UUID id) {
    return Optional.ofNullable(entities.find(DrainEntity.class, id)).map(DrainEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<DrainRecord> unfinished(HostName host) {
    return underWay(host.value()).map(DrainEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<DrainRecord> closing(HostName host) {
    return entities
        .createQuery(
            "from DrainEntity d where d.id = (select s.drain from HostShareEntity s"
                + " where s.host = :host)",
            DrainEntity.class)
        .setParameter("host", host.value())
        .getResultStream()
        .findFirst()
        .map(DrainEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public List<DrainRecord> list(
      Optional<HostName> host, boolean dryRuns, Optional<UUID> marker, int limit) {
    TypedQuery<DrainEntity> query =
        entities
            .createQuery(
                "from DrainEntity d where true"
                    + (host.isPresent() ? " and d.host = :host" : "")
                    + (dryRuns ? "" : " and d.state not in :plans")
                    + (marker.isPresent()
                        ? " and d.number < (select m.number from DrainEntity m where m.id = :marker)"
                        : "")
                    + " order by d.number desc",
                DrainEntity.class)
            .setMaxResults(limit);
    host.ifPresent(name -> query.setParameter("host", name.value()));
    if (!dryRuns) {
      query.setParameter("plans", List.of(State.PLANNING, State.PLANNED));
    }
    marker.ifPresent(id -> query.setParameter("marker", id));
    return query.getResultList().stream().map(DrainEntity::toRecord).toList();
  }

  /** Locked first: a conductor that plans one of them waits, and finds it gone. */
  @Override
  public int forgetDryRuns(Duration age) {
    List<?> old =
        entities
            .createNativeQuery(
                "select id from drains where state in ('PLANNING', 'PLANNED')"
                    + " and created_at <= now() - make_interval(secs => :age)"
                    + " order by created_at limit :most for update skip locked",
                UUID.class)
            .setParameter("age", Rows.seconds(age))
            .setParameter("most", FORGET_AT_ONCE)
            .getResultList();
    if (!old.isEmpty()) {
      entities
          .createQuery("delete from DrainServerEntity s where s.drain in :old")
          .setParameter("old", old)
          .executeUpdate();
      entities
          .createQuery("delete from DrainEntity d where d.id in :old")
          .setParameter("old", old)
          .executeUpdate();
    }
    return old.size();
  }

  @Override
  @Transactional(readOnly = true)
  public List<DrainServer> servers(UUID drain) {
    return rowsOf(drain).stream().map(DrainServerEntity::toRecord).toList();
  }

  private List<DrainServerEntity> rowsOf(UUID drain) {
    return entities
        .createQuery(
            "from DrainServerEntity s where s.drain = :drain order by s.leg desc, s.place, s.number",
            DrainServerEntity.class)
        .setParameter("drain", drain)
        .getResultList();
  }

  @Override
  @Transactional(readOnly = true)
  public List<DrainRecord> open(int limit) {
    return entities
        .createQuery(
            "from DrainEntity d where d.endedAt is null or exists (select 1 from DrainServerEntity s"
                + " where s.drain = d.id and s.state = :moving) order by d.number",
            DrainEntity.class)
        .setParameter("moving", ServerState.MOVING)
        .setMaxResults(limit)
        .getResultStream()
        .map(DrainEntity::toRecord)
        .toList();
  }

  @Override
  @Transactional(readOnly = true)
  public Occupancy occupancy(HostName host) {
    return new Residents(entities).occupancy(host);
  }

  @Override
  @Transactional(readOnly = true)
  public Map<HostName, Integer> arriving(Collection<HostName> hosts) {
    return limits.arriving(hosts);
  }

  @Override
  @Transactional(readOnly = true)
  public List<Resident> residents(Collection<HostName> hosts) {
    return new Residents(entities).of(hosts);
  }

  // ---- what a conductor writes

  @Override
  public boolean save(DrainRecord seen, Progress progress) {
    Optional<DrainEntity> drain = unchanged(seen);
    drain.ifPresent(found -> {
      found.take(progress, rows.now());
      List<DrainServerEntity> known = rowsOf(found.id);
      progress.servers().forEach(each -> write(found.id, known, each));
    });
    return drain.isPresent();
  }

  private Optional<DrainEntity> unchanged(DrainRecord seen) {
    return lock(seen.id()).filter(found -> found.revision == seen.revision());
  }

  private void write(UUID drain, List<DrainServerEntity> known, DrainServer now) {
    known.stream()
        .filter(row -> row.is(now))
        .findFirst()
        .ifPresentOrElse(
            row -> row.take(now), () -> entities.persist(DrainServerEntity.of(drain, now)));
  }

  @Override
  public Begun begin(DrainRecord seen, DrainServer moving, NewMigration migration, Most most) {
    return begin(
        seen,
        moving,
        most,
        by -> {
          var _ = migrations.requestLiveMigration(migration, by);
        });
  }

  @Override
  public Begun beginCold(
      DrainRecord seen, DrainServer moving, NewColdMigration migration, Most most) {
    return begin(
        seen,
        moving,
        most,
        by -> {
          var _ = coldMigrations.request(migration, by);
        });
  }

  private Begun begin(
      DrainRecord seen, DrainServer moving, Most most, Consumer<Requested> migration) {
    Optional<DrainEntity> drain = unchanged(seen);
    List<DrainServerEntity> known = drain.map(found -> rowsOf(found.id)).orElse(List.of());
    if (drain.isEmpty() || known.stream().anyMatch(row -> row.overtakes(moving))) {
      return Begun.STALE;
    }
    limits.lock();
    if (!limits.allow(moving, most)) {
      return Begun.LIMITED;
    }
    // A request of its own: one request is one action of a server.
    migration.accept(
        new Requested(dev.tern.contract.RequestId.of(newIds.get()), seen.user(), seen.project()));
    entities.flush();
    drain.orElseThrow().touched(rows.now());
    write(seen.id(), known, moving);
    return Begun.YES;
  }
}
