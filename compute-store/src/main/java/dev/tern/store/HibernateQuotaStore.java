package dev.tern.store;

import dev.tern.store.ServerStore.Usage;
import jakarta.persistence.EntityManager;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateQuotaStore implements QuotaStore {
  private final EntityManager entities;
  private final Quotas quotas;

  HibernateQuotaStore(EntityManager entities, Quotas quotas) {
    this.entities = entities;
    this.quotas = quotas;
  }

  @Override
  @Transactional(readOnly = true)
  public Map<Resource, Long> set(Kind kind, String owner) {
    return quotas.set(kind, owner);
  }

  @Override
  public void put(Kind kind, String owner, Map<Resource, Long> limits) {
    // In one order, so that two at once do not wait for each other.
    new TreeMap<>(limits)
        .forEach((resource, limit) ->
            entities
                .createNativeQuery(
                    "insert into quotas (kind, owner, resource, hard_limit)"
                        + " values (:kind, :owner, :resource, :most)"
                        + " on conflict (kind, owner, resource) do update set hard_limit = :most")
                .setParameter("kind", kind.name())
                .setParameter("owner", owner)
                .setParameter("resource", resource.wire())
                .setParameter("most", limit)
                .executeUpdate());
  }

  @Override
  public void forget(String project) {
    entities
        .createQuery("delete from QuotaEntity q where q.kind = :kind and q.owner = :owner")
        .setParameter("kind", Kind.PROJECT)
        .setParameter("owner", project)
        .executeUpdate();
  }

  @Override
  @Transactional(readOnly = true)
  public Map<Resource, Long> limits(String project, Map<Resource, Long> usual) {
    return quotas.limits(project, usual);
  }

  @Override
  @Transactional(readOnly = true)
  public Usage usage(String project) {
    return quotas.usage(project);
  }
}
