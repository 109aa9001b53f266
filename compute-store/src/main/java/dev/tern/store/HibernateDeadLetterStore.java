package dev.tern.store;

import dev.tern.contract.dead.DeadLetter;
import dev.tern.store.Requests.Refusals;
import jakarta.persistence.EntityManager;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateDeadLetterStore implements DeadLetterStore {
  private final EntityManager entities;
  private final Supplier<UUID> newIds;

  HibernateDeadLetterStore(EntityManager entities, Supplier<UUID> newIds) {
    this.entities = entities;
    this.newIds = newIds;
  }

  @Override
  public boolean keep(DeadLetter letter) {
    return entities
            .createNativeQuery(
                "insert into dead_letters (id, digest, queue, routing_key, type, reason, why,"
                    + " attempts, headers, body, body_bytes, died_at, found_at) values (:id,"
                    + " :digest, :queue, :key, nullif(:type, ''), :reason, :why, :attempts,"
                    + " :headers, :body, :bytes, :died, now()) on conflict (digest) do nothing")
            .setParameter("id", newIds.get())
            .setParameter("digest", letter.digest())
            .setParameter("queue", letter.queue())
            .setParameter("key", letter.routingKey())
            .setParameter("type", letter.type().orElse(""))
            .setParameter("reason", letter.reason())
            .setParameter("why", letter.why())
            .setParameter("attempts", letter.attempts())
            .setParameter("headers", Json.ofTexts(letter.headers()))
            .setParameter("body", letter.body())
            .setParameter("bytes", letter.bodyBytes())
            .setParameter("died", letter.diedAt())
            .executeUpdate()
        == 1;
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<KeptLetter> find(UUID id) {
    return Optional.ofNullable(entities.find(DeadLetterEntity.class, id))
        .map(DeadLetterEntity::toRecord);
  }

  /** Bodies are cut by the database: a page of whole ones would be gigabytes. */
  @Override
  @Transactional(readOnly = true)
  public List<KeptLetter> list(Optional<UUID> marker, int limit) {
    long before = marker.map(this::numberOf).orElse(Long.MAX_VALUE);
    List<?> found =
        entities
            .createNativeQuery(
                "select id, digest, number, queue, routing_key, type, reason, why, attempts,"
                    + " headers, substring(body from 1 for :most) as body, body_bytes, died_at,"
                    + " found_at from dead_letters where number < :before"
                    + " order by number desc limit :limit",
                DeadLetterEntity.class)
            .setParameter("most", LONGEST_LISTED)
            .setParameter("before", before)
            .setParameter("limit", limit)
            .getResultList();
    return found.stream()
        .map(DeadLetterEntity.class::cast)
        .map(DeadLetterEntity::toRecord)
        .toList();
  }

  private long numberOf(UUID marker) {
    return entities
        .createQuery("select d.number from DeadLetterEntity d where d.id = :id", Long.class)
        .setParameter("id", marker)
        .getResultStream()
        .findFirst()
        .orElseThrow(() -> Refusals.noMarker(marker));
  }

  @Override
  public boolean remove(UUID id) {
    return entities
            .createQuery("delete from DeadLetterEntity d where d.id = :id")
            .setParameter("id", id)
            .executeUpdate()
        == 1;
  }

  @Override
  public int discard(Bounds bounds) {
    return entities
        .createNativeQuery(
            "delete from dead_letters where id in (select id from dead_letters where number in"
                + " (select number from (select number, found_at, row_number() over newest as"
                + " place, sum(octet_length(body)) over newest as bytes from dead_letters"
                + " window newest as (order by number desc)) as letters"
                + " where place > :most or bytes > :bytes"
                + " or (:seconds > 0 and found_at < now() - :seconds * interval '1 second'))"
                + " order by number for update skip locked)")
        .setParameter("most", bounds.most())
        .setParameter("bytes", bounds.mostBytes())
        .setParameter("seconds", bounds.keep().toMillis() / 1000.0)
        .executeUpdate();
  }

  @Override
  @Transactional(readOnly = true)
  public long count() {
    return entities
        .createQuery("select count(d) from DeadLetterEntity d", Long.class)
        .getSingleResult();
  }
}
