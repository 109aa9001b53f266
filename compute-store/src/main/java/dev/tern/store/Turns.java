package dev.tern.store;

import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.TurnChoice.Link;
import dev.tern.store.TurnChoice.Waiter;
import dev.tern.store.TurnChoice.Way;
import dev.tern.store.TurnStore.AtOnce;
import dev.tern.store.TurnStore.Waiting;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.Query;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The queue of migrations, within the transaction under way. Turns are given under one lock, which
 * is taken before any row's.
 */
final class Turns {
  /** Of all that give turns; any number that nothing else locks. */
  private static final long TURNS_LOCK = 0x7465_726e_7475_726eL;

  /** No more that wait are looked at; those in front have their turns long before. */
  private static final int LOOK_AT = 1_000;

  /** All that wait or move, whether their guests run meanwhile or not. */
  private static final String OPEN =
      "(select uuid, saga_id, number, source, destination, created_at, turn_at, waits_for,"
          + " abort_requested from migrations where ended_at is null"
          + " union all select uuid, saga_id, number, source, destination, created_at, turn_at,"
          + " waits_for, false from cold_migrations where status in ('pre-migrating', 'migrating'))";

  private static final String WAITING =
      " from " + OPEN + " m where m.waits_for is not null and not m.abort_requested";

  private static final String WAITERS =
      "select m.uuid, m.saga_id, m.source, m.destination, m.waits_for,"
          + " m.created_at < now() - interval '%d seconds'"
              .formatted(TurnStore.PATIENCE.toSeconds())
          + WAITING;

  private final EntityManager entities;
  private final Rows rows;

  Turns(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  boolean take(MigrationId id, AtOnce most) {
    var _ = lock("pg_advisory_xact_lock(:lock) is null");
    Optional<MigrationEntity> found = rows.lockMigration(id.value());
    found.ifPresent(entities::refresh);
    if (found.filter(each -> each.turnAt != null).isPresent()) {
      return true;
    }
    Optional<MigrationEntity> queued =
        found.filter(each ->
            each.status == MigrationStatus.QUEUED && !each.abortRequested && each.endedAt == null);
    if (queued.isEmpty()) {
      return false;
    }
    MigrationEntity own = queued.get();
    Way way = new Way(own.source, destination(own.destination));
    return take(
        own.number(),
        new Waiter(own.uuid, own.saga, way, Optional.ofNullable(own.waitsFor), false),
        most);
  }

  /** The same of one that moves cold. */
  boolean takeCold(UUID id, AtOnce most) {
    var _ = lock("pg_advisory_xact_lock(:lock) is null");
    ColdMigrationEntity own =
        entities
            .createQuery("from ColdMigrationEntity m where m.uuid = :id", ColdMigrationEntity.class)
            .setParameter("id", id)
            .setLockMode(LockModeType.PESSIMISTIC_WRITE)
            .getSingleResult();
    entities.refresh(own);
    if (own.turnAt != null || own.status != ColdStatus.PRE_MIGRATING) {
      return own.turnAt != null;
    }
    Way way = new Way(own.source, destination(own.destination));
    return take(
        Optional.ofNullable(own.number).orElseThrow(),
        new Waiter(own.uuid, own.saga, way, Optional.ofNullable(own.waitsFor), false),
        most);
  }

  private boolean take(long number, Waiter own, AtOnce most) {
    Way way = own.way();
    List<Link> links = links(Set.of(way.source(), way.destination()));
    List<Waiter> waiting = inFront(number, way, most.cluster() > 0 || !links.isEmpty());
    waiting.add(own);
    // Not all that wait are known here: those in front take theirs when all are looked at.
    return decide(most, waiting, waiter -> waiter.migration().equals(own.migration()))
        .contains(own.migration());
  }

  private static String destination(@Nullable String chosen) {
    return Optional.ofNullable(chosen)
        .orElseThrow(() -> new IllegalStateException("a queued migration without destination"));
  }

  private List<Waiter> inFront(long number, Way way, boolean anyWay) {
    var query =
        entities
            .createNativeQuery(
                WAITERS
                    + " and m.number < :number"
                    + (anyWay ? "" : " and (m.source = :source or m.destination = :destination)")
                    + " order by m.number",
                Object[].class)
            .setParameter("number", number);
    if (!anyWay) {
      query.setParameter("source", way.source()).setParameter("destination", way.destination());
    }
    return waiters(query.setMaxResults(LOOK_AT).getResultList());
  }

  int give(AtOnce most) {
    if (entities
        .createNativeQuery("select m.uuid" + WAITING + " limit 1", UUID.class)
        .getResultList()
        .isEmpty()) {
      return 0;
    }
    if (!lock("pg_try_advisory_xact_lock(:lock)")) {
      return 0;
    }
    return decide(
            most,
            waiters(
                entities
                    .createNativeQuery(WAITERS + " order by m.number", Object[].class)
                    .setMaxResults(LOOK_AT)
                    .getResultList()),
            _ -> true)
        .size();
  }

  private boolean lock(String how) {
    return (Boolean)
        entities
            .createNativeQuery("select " + how, Boolean.class)
            .setParameter("lock", TURNS_LOCK)
            .getSingleResult();
  }

  private static List<Waiter> waiters(List<?> found) {
    List<Waiter> waiters = new ArrayList<>();
    for (Object each : found) {
      Object[] row = (Object[]) each;
      waiters.add(
          new Waiter(
              (UUID) row[0],
              (UUID) row[1],
              new Way((String) row[2], (String) row[3]),
              Optional.ofNullable((String) row[4]),
              (Boolean) row[5]));
    }
    return waiters;
  }

  /**
   * @param whose the others are only counted
   */
  private Set<UUID> decide(AtOnce most, List<Waiter> waiting, Predicate<Waiter> whose) {
    Set<String> hosts = new HashSet<>();
    waiting.forEach(each -> {
      hosts.add(each.way().source());
      hosts.add(each.way().destination());
    });
    List<Link> links = links(hosts);
    links.forEach(link -> hosts.addAll(link.hosts()));
    int everywhere = most.cluster() > 0 ? everywhere() : 0;
    Set<UUID> go = new HashSet<>();
    Instant now = rows.now();
    new TurnChoice(most, links, moving(hosts), everywhere)
        .choose(waiting)
        .forEach((waiter, why) -> {
          if (!whose.test(waiter)) {
            return;
          }
          if (why.isEmpty()) {
            go.add(waiter.migration());
            goes(waiter, now);
          } else if (!why.equals(waiter.why())) {
            waits(waiter, why.get(), now);
          }
        });
    return go;
  }

  private void goes(Waiter waiter, Instant now) {
    set(waiter, "turn_at = :now, waits_for = null", now, _ -> {});
    if (waiter.why().isPresent()) {
      rows.wake(waiter.saga(), now);
    }
  }

  private void waits(Waiter waiter, String why, Instant now) {
    set(waiter, "waits_for = :why", now, update -> update.setParameter("why", why));
  }

  private void set(Waiter waiter, String what, Instant now, Consumer<Query> more) {
    for (String table : List.of("migrations", "cold_migrations")) {
      Query update =
          entities
              .createNativeQuery(
                  "update "
                      + table
                      + " set updated_at = :now, "
                      + what
                      + " where uuid = :uuid and ended_at is null")
              .setParameter("now", now)
              .setParameter("uuid", waiter.migration());
      more.accept(update);
      if (update.executeUpdate() > 0) {
        return;
      }
    }
  }

  private List<Way> moving(Set<String> hosts) {
    List<?> found =
        entities
            .createNativeQuery(
                "select m.source, m.destination from "
                    + OPEN
                    + " m where m.turn_at is not null"
                    + " and (m.source in (:hosts) or m.destination in (:hosts))",
                Object[].class)
            .setParameter("hosts", hosts)
            .getResultList();
    return found.stream()
        .map(Object[].class::cast)
        .map(row -> new Way((String) row[0], (String) row[1]))
        .toList();
  }

  private int everywhere() {
    return ((Number)
            entities
                .createNativeQuery(
                    "select count(*) from " + OPEN + " m where m.turn_at is not null", Long.class)
                .getSingleResult())
        .intValue();
  }

  /** Those that one of the hosts is behind. */
  private List<Link> links(Set<String> hosts) {
    List<?> found =
        entities
            .createNativeQuery(
                "select distinct a.number, a.name, cast(a.metadata as jsonb) ->> :link"
                    + " from aggregates a join aggregate_hosts h on h.aggregate = a.number"
                    + " where h.host in (:hosts)"
                    + " and cast(a.metadata as jsonb) ->> :link is not null",
                Object[].class)
            .setParameter("link", TurnStore.LINK)
            .setParameter("hosts", hosts)
            .getResultList();
    return found.stream()
        .map(Object[].class::cast)
        .flatMap(row ->
            Link.of((String) row[1], (String) row[2], hostsOf(((Number) row[0]).intValue()))
                .stream())
        .toList();
  }

  private Set<String> hostsOf(int aggregate) {
    return Set.copyOf(
        entities
            .createQuery(
                "select h.host from AggregateHostEntity h where h.aggregate = :aggregate",
                String.class)
            .setParameter("aggregate", aggregate)
            .getResultList());
  }

  Map<MigrationId, Waiting> waiting(Collection<MigrationId> ids) {
    if (ids.isEmpty()) {
      return Map.of();
    }
    List<?> found =
        entities
            .createNativeQuery(
                "select m.uuid, m.waits_for, (select count(*) from "
                    + OPEN
                    + " o where o.waits_for is not null and o.number < m.number"
                    + " and (o.source = m.source or o.destination = m.destination)) from "
                    + OPEN
                    + " m where m.uuid in (:ids) and m.waits_for is not null",
                Object[].class)
            .setParameter("ids", ids.stream().map(MigrationId::value).toList())
            .getResultList();
    return found.stream()
        .map(Object[].class::cast)
        .collect(
            Collectors.toMap(
                row -> new MigrationId((UUID) row[0]),
                row -> new Waiting((String) row[1], ((Number) row[2]).intValue())));
  }
}
