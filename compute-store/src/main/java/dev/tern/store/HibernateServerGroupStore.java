package dev.tern.store;

import dev.tern.contract.ServerId;
import jakarta.persistence.EntityManager;
import jakarta.persistence.TypedQuery;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateServerGroupStore implements ServerGroupStore {
  private final EntityManager entities;
  private final Rows rows;
  private final Quotas quotas;
  private final Groups groups;

  HibernateServerGroupStore(EntityManager entities, Rows rows, Quotas quotas, Groups groups) {
    this.entities = entities;
    this.rows = rows;
    this.quotas = quotas;
    this.groups = groups;
  }

  @Override
  public ServerGroupRecord create(NewGroup group, long most) {
    if (most >= 0) {
      var _ = quotas.lockUsage(group.project());
      if (count(group.project()) >= most) {
        throw Groups.tooMany();
      }
    }
    entities.persist(ServerGroupEntity.of(group, rows.now()));
    return new ServerGroupRecord(group, List.of());
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ServerGroupRecord> find(UUID id) {
    return groups.find(id).map(group -> records(List.of(group)).getFirst());
  }

  @Override
  @Transactional(readOnly = true)
  public List<ServerGroupRecord> list(Optional<String> project, int offset, int limit) {
    TypedQuery<ServerGroupEntity> query =
        entities.createQuery(
            "from ServerGroupEntity g"
                + (project.isPresent() ? " where g.project = :project" : "")
                + " order by g.number",
            ServerGroupEntity.class);
    project.ifPresent(id -> query.setParameter("project", id));
    return records(query.setFirstResult(offset).setMaxResults(limit).getResultList());
  }

  /** One question for the members of all. */
  private List<ServerGroupRecord> records(List<ServerGroupEntity> found) {
    if (found.isEmpty()) {
      return List.of();
    }
    Map<UUID, List<ServerId>> members = new HashMap<>();
    entities
        .createQuery(
            "select s.group, s.id from ServerEntity s where s.group in :groups"
                + " and s.vmState <> dev.tern.contract.VmState.DELETED"
                + " order by s.createdAt, s.id",
            Object[].class)
        .setParameter("groups", found.stream().map(group -> group.id).toList())
        .getResultStream()
        .forEach(row ->
            members
                .computeIfAbsent((UUID) row[0], _ -> new ArrayList<>())
                .add(new ServerId((UUID) row[1])));
    return found.stream()
        .map(group ->
            new ServerGroupRecord(group.toGroup(), members.getOrDefault(group.id, List.of())))
        .toList();
  }

  @Override
  public boolean delete(UUID id) {
    return entities
            .createQuery("delete from ServerGroupEntity g where g.id = :id")
            .setParameter("id", id)
            .executeUpdate()
        == 1;
  }

  @Override
  @Transactional(readOnly = true)
  public int count(String project) {
    return Math.toIntExact(
        entities
            .createQuery(
                "select count(g) from ServerGroupEntity g where g.project = :project", Long.class)
            .setParameter("project", project)
            .getSingleResult());
  }

  @Override
  @Transactional(readOnly = true)
  public Map<ServerId, UUID> of(List<ServerId> servers) {
    if (servers.isEmpty()) {
      return Map.of();
    }
    Map<ServerId, UUID> found = new HashMap<>();
    entities
        .createQuery(
            "select s.id, s.group from ServerEntity s where s.id in :ids and s.group is not null",
            Object[].class)
        .setParameter("ids", servers.stream().map(ServerId::value).toList())
        .getResultStream()
        .forEach(row -> found.put(new ServerId((UUID) row[0]), (UUID) row[1]));
    return found;
  }

  @Override
  @Transactional(readOnly = true)
  public PlacementRules rules(ServerId server) {
    return groups.rules(server.value());
  }
}
