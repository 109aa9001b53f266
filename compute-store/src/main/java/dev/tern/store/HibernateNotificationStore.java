package dev.tern.store;

import jakarta.persistence.EntityManager;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateNotificationStore implements NotificationStore {
  /** Readers come one after the other; any number that nobody else uses. */
  private static final long READERS = 0x7465726e6e6f7465L;

  private final EntityManager entities;

  HibernateNotificationStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  public List<Noted> take(int limit, Duration hold) {
    Object alone =
        entities
            .createNativeQuery("select pg_try_advisory_xact_lock(:readers)")
            .setParameter("readers", READERS)
            .getSingleResult();
    if (!Boolean.TRUE.equals(alone) || isTakenBySomeone()) {
      return List.of();
    }
    List<?> taken =
        entities
            .createNativeQuery(
                "with oldest as (select number from notifications order by number limit :limit)"
                    + " update notifications n"
                    + " set taken_until = clock_timestamp() + make_interval(secs => :hold)"
                    + " from oldest where n.number = oldest.number returning n.*",
                NotificationEntity.class)
            .setParameter("limit", limit)
            .setParameter("hold", Rows.seconds(hold))
            .getResultList();
    return taken.stream()
        .map(NotificationEntity.class::cast)
        .map(NotificationEntity::toRecord)
        .sorted(Comparator.comparingLong(Noted::number))
        .toList();
  }

  private boolean isTakenBySomeone() {
    return !entities
        .createNativeQuery(
            "select 1 from notifications where taken_until > clock_timestamp() limit 1")
        .getResultList()
        .isEmpty();
  }

  @Override
  public void told(List<Long> numbers) {
    if (!numbers.isEmpty()) {
      entities
          .createQuery("delete from NotificationEntity n where n.number in :numbers")
          .setParameter("numbers", numbers)
          .executeUpdate();
    }
  }

  @Override
  public int forget(Duration age) {
    return entities
        .createNativeQuery(
            "delete from notifications where created_at < now() - make_interval(secs => :age)")
        .setParameter("age", Rows.seconds(age))
        .executeUpdate();
  }

  @Override
  @Transactional(readOnly = true)
  public long waiting() {
    return entities
        .createQuery("select count(n) from NotificationEntity n", Long.class)
        .getSingleResult();
  }
}
