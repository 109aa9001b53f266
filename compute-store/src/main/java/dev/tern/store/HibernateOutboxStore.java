package dev.tern.store;

import jakarta.persistence.EntityManager;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateOutboxStore implements OutboxStore {
  private final EntityManager entities;

  HibernateOutboxStore(EntityManager entities) {
    this.entities = entities;
  }

  /** Rows that another relay is just taking are passed over, not waited for. */
  @Override
  public List<Entry> take(int limit, Duration hold) {
    List<?> taken =
        entities
            .createNativeQuery(
                "with free as (select number from outbox"
                    + " where taken_until is null or taken_until <= now()"
                    + " order by number limit :limit for update skip locked)"
                    + " update outbox o set taken_until = now() + make_interval(secs => :hold)"
                    + " from free where o.number = free.number returning o.*",
                OutboxEntity.class)
            .setParameter("limit", limit)
            .setParameter("hold", Rows.seconds(hold))
            .getResultList();
    return taken.stream()
        .map(OutboxEntity.class::cast)
        .map(HibernateOutboxStore::toRecord)
        .sorted(Comparator.comparingLong(Entry::number))
        .toList();
  }

  private static Entry toRecord(OutboxEntity message) {
    return new Entry(
        Objects.requireNonNull(message.number),
        message.exchange,
        message.routingKey,
        message.type,
        message.body);
  }

  @Override
  public void sent(List<Long> numbers) {
    if (!numbers.isEmpty()) {
      entities
          .createQuery("delete from OutboxEntity o where o.number in :numbers")
          .setParameter("numbers", numbers)
          .executeUpdate();
    }
  }

  @Override
  @Transactional(readOnly = true)
  public long waiting() {
    return entities
        .createQuery("select count(o) from OutboxEntity o", Long.class)
        .getSingleResult();
  }
}
