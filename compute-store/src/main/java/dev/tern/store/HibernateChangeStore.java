package dev.tern.store;

import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import jakarta.persistence.EntityManager;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.springframework.transaction.annotation.Transactional;

@Transactional(readOnly = true)
class HibernateChangeStore implements ChangeStore {
  private final EntityManager entities;

  HibernateChangeStore(EntityManager entities) {
    this.entities = entities;
  }

  /** The oldest transaction that still runs: of those before it everything is there. */
  @Override
  public long now() {
    Object oldest =
        entities
            .createNativeQuery(
                "select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint)")
            .getSingleResult();
    return ((Number) oldest).longValue();
  }

  @Override
  public Changes since(long from, int limit) {
    long upTo = now();
    if (upTo <= from) {
      return new Changes(from, List.of(), true);
    }
    List<ChangeEntity> rows =
        entities
            .createQuery(
                "from ChangeEntity c where c.xact >= :from and c.xact < :upTo"
                    + " order by c.xact, c.number",
                ChangeEntity.class)
            .setParameter("from", from)
            .setParameter("upTo", upTo)
            .setMaxResults(limit + 1)
            .getResultList();
    Set<Change> changes = new LinkedHashSet<>();
    rows.stream().limit(limit).map(row -> new Change(row.kind, row.key)).forEach(changes::add);
    return new Changes(upTo, List.copyOf(changes), rows.size() <= limit);
  }

  @Override
  @Transactional
  public int forget(Duration age) {
    return entities
        .createNativeQuery(
            "delete from changes where changed_at < now() - make_interval(secs => :age)")
        .setParameter("age", Rows.seconds(age))
        .executeUpdate();
  }

  @Override
  public List<ServerRecord> servers(Collection<ServerId> ids) {
    return entities
        .createQuery("from ServerEntity s where s.id in :ids", ServerEntity.class)
        .setParameter("ids", ids.stream().map(ServerId::value).toList())
        .getResultStream()
        .map(ServerEntity::toRecord)
        .toList();
  }

  @Override
  public List<MigrationRecord> migrations(Collection<MigrationId> ids) {
    return entities
        .createQuery("from MigrationEntity m where m.uuid in :ids", MigrationEntity.class)
        .setParameter("ids", ids.stream().map(MigrationId::value).toList())
        .getResultStream()
        .map(MigrationEntity::toRecord)
        .toList();
  }

  @Override
  public List<DrainRecord> drains(Collection<UUID> ids) {
    return entities
        .createQuery("from DrainEntity d where d.id in :ids", DrainEntity.class)
        .setParameter("ids", ids)
        .getResultStream()
        .map(DrainEntity::toRecord)
        .toList();
  }
}
