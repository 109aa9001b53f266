package dev.tern.store;

import dev.tern.store.ServerStore.ServerRecord;
import jakarta.persistence.EntityManager;
import jakarta.persistence.TypedQuery;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.transaction.annotation.Transactional;

@Transactional(readOnly = true)
class HibernateUsageStore implements UsageStore {
  private final EntityManager entities;

  HibernateUsageStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  public List<Lifetime> lifetimes(
      Optional<String> project, Instant from, Instant to, Optional<UUID> after, int limit) {
    TypedQuery<ServerEntity> query =
        entities
            .createQuery(
                "from ServerEntity s where s.launchedAt < :to"
                    + " and (s.terminatedAt is null or s.terminatedAt >= :from)"
                    + (project.isPresent() ? " and s.project = :project" : "")
                    + (after.isPresent() ? " and s.id > :after" : "")
                    + " order by s.id",
                ServerEntity.class)
            .setParameter("from", from)
            .setParameter("to", to)
            .setMaxResults(limit);
    project.ifPresent(its -> query.setParameter("project", its));
    after.ifPresent(id -> query.setParameter("after", id));
    return query.getResultList().stream().map(each -> of(each.toRecord())).toList();
  }

  static Lifetime of(ServerRecord server) {
    return new Lifetime(
        server.id(),
        server.name(),
        server.project(),
        server.flavor(),
        server.vmState(),
        server.launchedAt().orElseThrow(),
        server.terminatedAt());
  }
}
