package dev.tern.store;

import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import jakarta.persistence.EntityManager;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateSagaStore implements SagaStore {
  private static final String FREE =
      "s.ended_at is null and (s.leased_until is null or s.leased_until <= now())"
          + " and not exists (select 1 from sagas o where o.server_id = s.server_id"
          + " and o.ended_at is null and o.number < s.number)";

  /** Until its turn, or its end, there is nothing to do for a migration that waits. */
  private static final String IDLE =
      " and not exists (select 1 from migrations m where m.uuid = s.migration_id"
          + " and m.waits_for is not null and not m.abort_requested)"
          + " and not exists (select 1 from cold_migrations c where c.saga_id = s.id"
          + " and c.waits_for is not null and not exists (select 1 from sagas d"
          + " where d.server_id = s.server_id and d.ended_at is null and d.kind = 'DELETE'))";

  /** The user of a saga wants it stopped, or its server is to be deleted. */
  private static final String STOP_ASKED =
      "exists (select 1 from migrations m where m.uuid = s.migration_id and m.abort_requested)"
          + " or s.migration_id is null and exists (select 1 from disk_copies c"
          + " where c.saga_id = s.id and c.wish = 'CANCEL')"
          + " or exists (select 1 from sagas d where d.server_id = s.server_id"
          + " and d.ended_at is null and d.kind = 'DELETE' and d.id <> s.id)";

  private final EntityManager entities;
  private final Rows rows;

  HibernateSagaStore(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  @Override
  public Optional<SagaRecord> lease(UUID saga, String holder, Duration length) {
    int taken =
        entities
            .createNativeQuery(
                "update sagas s set token = token + 1, holder = :holder,"
                    + " leased_until = now() + make_interval(secs => :length)"
                    + " where s.id = :saga and "
                    + FREE)
            .setParameter("holder", holder)
            .setParameter("length", Rows.seconds(length))
            .setParameter("saga", saga)
            .executeUpdate();
    @Nullable SagaEntity entity = taken == 1 ? entities.find(SagaEntity.class, saga) : null;
    return Optional.ofNullable(entity).map(found -> toRecord(found, length));
  }

  private static SagaRecord toRecord(SagaEntity saga, Duration length) {
    return new SagaRecord(
        saga.id,
        saga.kind,
        new ServerId(saga.server),
        Optional.ofNullable(saga.migration).map(MigrationId::new),
        new RequestId(saga.request),
        new Lease(saga.id, saga.token, length),
        position(saga),
        saga.facts,
        saga.endedAt != null);
  }

  private static Optional<Position> position(SagaEntity saga) {
    return saga.direction == null || saga.step == null
        ? Optional.empty()
        : Optional.of(new Position(saga.direction, saga.step));
  }

  @Override
  @Transactional(readOnly = true)
  public List<UUID> waiting(int limit) {
    List<?> waiting =
        entities
            .createNativeQuery(
                "select s.id from sagas s where " + FREE + IDLE + " order by s.number", UUID.class)
            .setMaxResults(limit)
            .getResultList();
    return waiting.stream().map(UUID.class::cast).toList();
  }

  /** In one statement: each running saga does this every second, and before each step. */
  @Override
  public boolean renewAndSeeAbort(Lease lease) {
    List<?> asked =
        entities
            .createNativeQuery(
                "update sagas s set " + Rows.RENEWED + Rows.IF_HELD + " returning " + STOP_ASKED,
                Boolean.class)
            .setParameter("length", Rows.seconds(lease.length()))
            .setParameter("saga", lease.saga())
            .setParameter("token", lease.token())
            .getResultList();
    if (asked.isEmpty()) {
      throw new LeaseLostException(lease.saga());
    }
    return (Boolean) asked.getFirst();
  }

  /** In one statement: twice in each step. */
  @Override
  public void record(Lease lease, Position position, String facts, LogLine line) {
    int written =
        entities
            .createNativeQuery(
                "with held as (update sagas set direction = :direction, step = :step,"
                    + " facts = :facts, "
                    + Rows.RENEWED
                    + Rows.IF_HELD
                    + " returning id) insert into saga_log (saga_id, step, what, detail, at)"
                    + " select id, :logged, :what, :detail, now() from held")
            .setParameter("direction", position.direction().name())
            .setParameter("step", position.step())
            .setParameter("facts", facts)
            .setParameter("length", Rows.seconds(lease.length()))
            .setParameter("saga", lease.saga())
            .setParameter("token", lease.token())
            .setParameter("logged", line.step())
            .setParameter("what", line.what())
            .setParameter("detail", line.detail())
            .executeUpdate();
    if (written != 1) {
      throw new LeaseLostException(lease.saga());
    }
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<RequestId> request(UUID saga) {
    return entities
        .createQuery("select s.request from SagaEntity s where s.id = :saga", String.class)
        .setParameter("saga", saga)
        .getResultStream()
        .findFirst()
        .map(RequestId::new);
  }

  @Override
  public void giveBack(Lease lease) {
    boolean _ = given(lease);
  }

  @Override
  public void handOver(Lease lease) {
    if (given(lease)) {
      rows.wake(lease.saga(), rows.now());
    }
  }

  private boolean given(Lease lease) {
    return entities
            .createNativeQuery(
                "update sagas set leased_until = null, holder = null"
                    + " where id = :saga and token = :token and ended_at is null")
            .setParameter("saga", lease.saga())
            .setParameter("token", lease.token())
            .executeUpdate()
        == 1;
  }

  @Override
  @Transactional(readOnly = true)
  public List<LogLine> log(UUID saga) {
    return entities
        .createQuery(
            "from SagaLogEntity l where l.saga = :saga order by l.number", SagaLogEntity.class)
        .setParameter("saga", saga)
        .getResultList()
        .stream()
        .map(line -> new LogLine(line.step, line.what, line.detail, line.at))
        .toList();
  }
}
