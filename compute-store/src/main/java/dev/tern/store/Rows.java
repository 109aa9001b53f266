package dev.tern.store;

import dev.tern.contract.conductor.ConductorMessage;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.SagaStore.SagaKind;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.query.NativeQuery;

/**
 * Rows of the transaction under way, which the caller has opened.
 *
 * <p>Locks are taken in one order, so that no two transactions wait for each other: saga, server,
 * migration, claims by id, hosts by name.
 */
final class Rows {
  private final EntityManager entities;

  Rows(EntityManager entities) {
    this.entities = entities;
  }

  /**
   * The database's clock. It stands still within a transaction, so it is never later than the
   * moment of the commit: a lease seems to end no earlier than it does.
   */
  Instant now() {
    return (Instant) entities.createNativeQuery("select now()", Instant.class).getSingleResult();
  }

  /** Seconds as {@code make_interval} takes them. */
  static double seconds(Duration length) {
    return length.toNanos() / 1e9;
  }

  Optional<ServerEntity> lockServer(UUID id) {
    return Optional.ofNullable(
        entities.find(ServerEntity.class, id, LockModeType.PESSIMISTIC_WRITE));
  }

  /** The server of a saga: it is there, because the saga refers to it. */
  ServerEntity lockServerOf(SagaEntity saga, UUID id) {
    if (!saga.server.equals(id)) {
      throw new IllegalArgumentException("saga %s is not of server %s".formatted(saga.id, id));
    }
    return lockServer(id)
        .orElseThrow(() -> new IllegalStateException("no server " + id + " for its saga"));
  }

  Optional<MigrationEntity> lockMigration(UUID uuid) {
    return entities
        .createQuery("from MigrationEntity m where m.uuid = :uuid", MigrationEntity.class)
        .setParameter("uuid", uuid)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getResultStream()
        .findFirst();
  }

  /** The unfinished migration of a server; there is at most one. */
  Optional<MigrationEntity> lockUnfinishedMigration(UUID server) {
    return entities
        .createQuery(
            "from MigrationEntity m where m.server = :server and m.endedAt is null",
            MigrationEntity.class)
        .setParameter("server", server)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getResultStream()
        .findFirst();
  }

  /** Of whoever holds the lease; nothing else may write. */
  static final String IF_HELD =
      " where id = :saga and token = :token and leased_until is not null and ended_at is null";

  /** Renewing it. */
  static final String RENEWED = "leased_until = now() + make_interval(secs => :length)";

  /** A saga whose lease is held, and the database's clock in this transaction. */
  record Held(SagaEntity saga, Instant now) {}

  /**
   * Locks the saga and renews its lease.
   *
   * @throws LeaseLostException when another holder has it or it has ended; nothing is written
   */
  SagaEntity hold(Lease lease) {
    return holdNow(lease).saga();
  }

  /**
   * The same, in one statement with {@link #now}: each step of a saga begins with it.
   *
   * @throws LeaseLostException as above
   */
  Held holdNow(Lease lease) {
    NativeQuery<?> held =
        entities
            .createNativeQuery(
                "update sagas s set " + RENEWED + IF_HELD + " returning s.*, now() as moment")
            .unwrap(NativeQuery.class)
            .addEntity("s", SagaEntity.class)
            .addScalar("moment", Instant.class);
    return held
        .setParameter("length", seconds(lease.length()))
        .setParameter("saga", lease.saga())
        .setParameter("token", lease.token())
        .getResultList()
        .stream()
        .map(Object[].class::cast)
        .map(row -> new Held((SagaEntity) row[0], (Instant) row[1]))
        .findFirst()
        .orElseThrow(() -> new LeaseLostException(lease.saga()));
  }

  /** A delete of the server waits behind this saga. */
  boolean deleteWaits(SagaEntity saga) {
    return entities
            .createQuery(
                "select count(s) from SagaEntity s where s.server = :server and s.endedAt is null"
                    + " and s.kind = :kind and s.id <> :saga",
                Long.class)
            .setParameter("server", saga.server)
            .setParameter("kind", SagaKind.DELETE)
            .setParameter("saga", saga.id)
            .getSingleResult()
        > 0;
  }

  /** Owes the conductors a message about the saga; it leaves after the commit. */
  void wake(UUID saga, Instant now) {
    OutboxEntity message = new OutboxEntity();
    message.exchange = "";
    message.routingKey = "conductor";
    message.type = ConductorMessage.class.getSimpleName();
    message.body = Json.of(new ConductorMessage.WakeSaga(saga));
    message.createdAt = now;
    entities.persist(message);
  }
}
