package dev.tern.store;

import jakarta.persistence.EntityManager;
import java.time.Instant;
import java.util.Optional;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateTokenStore implements TokenStore {
  private final EntityManager entities;

  HibernateTokenStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  public void keep(TokenRecord token) {
    entities.persist(TokenEntity.of(token));
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<TokenRecord> find(String digest) {
    return Optional.ofNullable(entities.find(TokenEntity.class, digest)).map(TokenEntity::record);
  }

  @Override
  public void remove(String digest) {
    int _ =
        entities
            .createQuery("delete from TokenEntity t where t.digest = :digest")
            .setParameter("digest", digest)
            .executeUpdate();
  }

  @Override
  public int purge(Instant before, int most) {
    return entities
        .createNativeQuery(
            "delete from identity_tokens where digest in (select digest from identity_tokens"
                + " where expires_at < :before order by expires_at limit :most"
                + " for update skip locked)")
        .setParameter("before", before)
        .setParameter("most", most)
        .executeUpdate();
  }
}
