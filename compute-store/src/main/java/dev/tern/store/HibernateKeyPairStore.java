package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.Requests.Refusals;
import jakarta.persistence.EntityManager;
import java.util.List;
import java.util.Optional;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateKeyPairStore implements KeyPairStore {
  private final EntityManager entities;
  private final Rows rows;

  HibernateKeyPairStore(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<KeyPairRecord> find(String user, String name) {
    return entities
        .createQuery(
            "from KeyPairEntity k where k.user = :user and k.name = :name", KeyPairEntity.class)
        .setParameter("user", user)
        .setParameter("name", name)
        .getResultStream()
        .findFirst()
        .map(KeyPairEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public List<KeyPairRecord> list(String user, Optional<String> marker, int limit) {
    if (marker.isPresent() && find(user, marker.get()).isEmpty()) {
      throw Refusals.noMarker(marker.get());
    }
    return entities
        .createQuery(
            "from KeyPairEntity k where k.user = :user and k.name > :after order by k.name",
            KeyPairEntity.class)
        .setParameter("user", user)
        .setParameter("after", marker.orElse(""))
        .setMaxResults(limit)
        .getResultList()
        .stream()
        .map(KeyPairEntity::toRecord)
        .toList();
  }

  @Override
  public KeyPairRecord create(String user, PublicKey key, String fingerprint, long most) {
    // What two creates of one user meet at; a user has no row of its own.
    entities
        .createNativeQuery(
            "select 1 from pg_advisory_xact_lock(hashtextextended(:user, 24))", Integer.class)
        .setParameter("user", user)
        .getSingleResult();
    if (find(user, key.name()).isPresent()) {
      throw exists(key.name());
    }
    long had =
        entities
            .createQuery("select count(k) from KeyPairEntity k where k.user = :user", Long.class)
            .setParameter("user", user)
            .getSingleResult();
    if (most >= 0 && had >= most) {
      throw tooMany();
    }
    KeyPairEntity entity = new KeyPairEntity();
    entity.user = user;
    entity.name = key.name();
    entity.type = key.type();
    entity.publicKey = key.text();
    entity.fingerprint = fingerprint;
    entity.createdAt = rows.now();
    entities.persist(entity);
    return entity.toRecord();
  }

  static ComputeException exists(String name) {
    return new ComputeException(
        ErrorCode.KEY_PAIR_EXISTS, "Key pair '%s' already exists.".formatted(name), null);
  }

  static ComputeException tooMany() {
    return new ComputeException(
        ErrorCode.QUOTA_EXCEEDED, "Quota exceeded, too many key pairs.", null);
  }

  @Override
  public boolean delete(String user, String name) {
    return entities
            .createQuery("delete from KeyPairEntity k where k.user = :user and k.name = :name")
            .setParameter("user", user)
            .setParameter("name", name)
            .executeUpdate()
        == 1;
  }
}
