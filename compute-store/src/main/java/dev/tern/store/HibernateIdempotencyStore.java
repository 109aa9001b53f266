package dev.tern.store;

import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.springframework.transaction.annotation.Transactional;

/** A key's row is locked before everything else, so that who waits for it holds nothing. */
@Transactional
class HibernateIdempotencyStore implements IdempotencyStore {
  private final EntityManager entities;
  private final Rows rows;

  HibernateIdempotencyStore(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  @Override
  public Claim claim(RequestKey key, String fingerprint, Duration hold, Duration keep) {
    while (true) {
      if (added(key, fingerprint, hold, keep)) {
        return new Claim.Mine(new Held(key, 1));
      }
      Optional<IdempotencyKeyEntity> row = lock(key);
      if (row.isPresent()) {
        return row.get().claim(fingerprint, rows.now(), hold, keep);
      }
      // It was there a moment ago, and was forgotten or given up since.
    }
  }

  private boolean added(RequestKey key, String fingerprint, Duration hold, Duration keep) {
    return entities
            .createNativeQuery(
                "insert into idempotency_keys (project, caller, key, fingerprint, token, held_until,"
                    + " expires_at) values (:project, :caller, :key, :fingerprint, 1,"
                    + " now() + make_interval(secs => :hold), now() + make_interval(secs => :keep))"
                    + " on conflict (project, caller, key) do nothing")
            .setParameter("project", key.project())
            .setParameter("caller", key.caller())
            .setParameter("key", key.value())
            .setParameter("fingerprint", fingerprint)
            .setParameter("hold", Rows.seconds(hold))
            .setParameter("keep", Rows.seconds(keep))
            .executeUpdate()
        == 1;
  }

  private Optional<IdempotencyKeyEntity> lock(RequestKey key) {
    return entities
        .createQuery(
            "from IdempotencyKeyEntity k where k.project = :project and k.caller = :caller"
                + " and k.key = :key",
            IdempotencyKeyEntity.class)
        .setParameter("project", key.project())
        .setParameter("caller", key.caller())
        .setParameter("key", key.value())
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getResultStream()
        .findFirst();
  }

  @Override
  public <T> T settle(Held held, Supplier<T> work, Function<T, Answer> answer) {
    IdempotencyKeyEntity row =
        lock(held.key())
            .filter(found -> found.heldBy(held))
            .orElseThrow(() -> new KeyTakenOverException(held.key()));
    if (row.status != null) {
      throw new IllegalStateException("one request does its work once: " + held.key().value());
    }
    T done = work.get();
    row.keep(answer.apply(done));
    return done;
  }

  @Override
  public void finish(Held held, Answer answer) {
    lock(held.key())
        .filter(found -> found.heldBy(held))
        .ifPresent(row -> {
          row.keep(answer);
          row.heldUntil = null;
        });
  }

  @Override
  public void giveUp(Held held) {
    lock(held.key())
        .filter(found -> found.heldBy(held))
        .ifPresent(row -> {
          if (row.status == null) {
            entities.remove(row);
          } else {
            row.heldUntil = null;
          }
        });
  }

  @Override
  public int purge(int most) {
    return entities
        .createNativeQuery(
            "delete from idempotency_keys where number in (select number from idempotency_keys"
                + " where expires_at <= now() and (held_until is null or held_until <= now())"
                + " order by expires_at limit :most for update skip locked)")
        .setParameter("most", most)
        .executeUpdate();
  }
}
