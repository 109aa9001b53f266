package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.Requests.Refusals;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateFlavorStore implements FlavorStore {
  private final EntityManager entities;

  HibernateFlavorStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<FlavorRecord> find(String id) {
    return Optional.ofNullable(entities.find(FlavorEntity.class, id)).map(FlavorEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public List<FlavorRecord> list(Optional<String> marker, int limit) {
    FlavorRecord after =
        marker
            .map(id -> find(id).orElseThrow(() -> Refusals.noMarker(id)))
            .orElse(new FlavorRecord("", "", 0, 0, 0, 0, 0, true, Map.of(), Optional.empty()));
    return entities
        .createQuery(
            "from FlavorEntity f where f.memoryMib >= :memory"
                + " and (f.memoryMib > :memory or f.id > :id) order by f.memoryMib, f.id",
            FlavorEntity.class)
        .setParameter("memory", after.memoryMib())
        .setParameter("id", after.id())
        .setMaxResults(limit)
        .getResultList()
        .stream()
        .map(FlavorEntity::toRecord)
        .toList();
  }

  @Override
  public FlavorRecord create(FlavorRecord flavor) {
    int added =
        entities
            .createNativeQuery(
                "insert into flavors (id, name, vcpus, memory_mib, disk_gib, ephemeral_gib,"
                    + " swap_mib, is_public, extra_specs, description) values (:id, :name, :vcpus,"
                    + " :memory, :disk, :ephemeral, :swap, :isPublic, :specs,"
                    + " cast(:description as text)) on conflict do nothing")
            .setParameter("id", flavor.id())
            .setParameter("name", flavor.name())
            .setParameter("vcpus", flavor.vcpus())
            .setParameter("memory", flavor.memoryMib())
            .setParameter("disk", flavor.diskGib())
            .setParameter("ephemeral", flavor.ephemeralGib())
            .setParameter("swap", flavor.swapMib())
            .setParameter("isPublic", flavor.isPublic())
            .setParameter("specs", Json.ofTexts(flavor.extraSpecs()))
            .setParameter("description", flavor.description().orElse(null))
            .executeUpdate();
    if (added == 0) {
      throw new ComputeException(
          ErrorCode.FLAVOR_EXISTS,
          "Flavor with ID %s or name %s already exists.".formatted(flavor.id(), flavor.name()),
          null);
    }
    return flavor;
  }

  @Override
  public boolean delete(String id) {
    return entities
            .createQuery("delete from FlavorEntity f where f.id = :id")
            .setParameter("id", id)
            .executeUpdate()
        == 1;
  }

  @Override
  public Optional<FlavorRecord> change(String id, UnaryOperator<FlavorRecord> how) {
    @Nullable FlavorEntity flavor =
        entities.find(FlavorEntity.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (flavor == null) {
      return Optional.empty();
    }
    FlavorRecord changed = how.apply(flavor.toRecord());
    flavor.extraSpecs = Json.ofTexts(changed.extraSpecs());
    flavor.description = changed.description().orElse(null);
    return Optional.of(changed);
  }

  @Override
  @Transactional(readOnly = true)
  public List<String> access(String id) {
    return entities
        .createQuery(
            "select a.project from FlavorAccessEntity a where a.flavor = :id order by a.project",
            String.class)
        .setParameter("id", id)
        .getResultList();
  }

  @Override
  @Transactional(readOnly = true)
  public Set<String> accessible(String project) {
    return Set.copyOf(
        entities
            .createQuery(
                "select a.flavor from FlavorAccessEntity a where a.project = :project",
                String.class)
            .setParameter("project", project)
            .getResultList());
  }

  @Override
  public boolean grant(String id, String project) {
    return entities
            .createNativeQuery(
                "insert into flavor_access (flavor_id, project) values (:id, :project)"
                    + " on conflict do nothing")
            .setParameter("id", id)
            .setParameter("project", project)
            .executeUpdate()
        == 1;
  }

  @Override
  public boolean revoke(String id, String project) {
    return entities
            .createQuery(
                "delete from FlavorAccessEntity a where a.flavor = :id and a.project = :project")
            .setParameter("id", id)
            .setParameter("project", project)
            .executeUpdate()
        == 1;
  }
}
