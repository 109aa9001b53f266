package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.host.HostReport.Offers;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.PlacementRules.Named;
import jakarta.persistence.EntityManager;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Groups of servers within the transaction under way. Where a member is, is where it holds a claim:
 * a member on its way is at both ends.
 */
final class Groups {
  private final EntityManager entities;

  Groups(EntityManager entities) {
    this.entities = entities;
  }

  Optional<ServerGroupEntity> find(UUID id) {
    return entities
        .createQuery("from ServerGroupEntity g where g.id = :id", ServerGroupEntity.class)
        .setParameter("id", id)
        .getResultStream()
        .findFirst();
  }

  /** The group; nobody joins it, and no member takes a host, before this transaction ends. */
  Optional<ServerGroupEntity> lock(UUID id) {
    List<?> found =
        entities
            .createNativeQuery(
                "select * from server_groups where id = :id for no key update",
                ServerGroupEntity.class)
            .setParameter("id", id)
            .getResultList();
    return found.stream().map(ServerGroupEntity.class::cast).findFirst();
  }

  /**
   * Lets servers join a group.
   *
   * @param most members; negative for any number
   * @throws ComputeException {@code INVALID_INPUT} when there is no such group, {@code
   *     QUOTA_EXCEEDED} when they would be too many
   */
  void join(UUID group, int servers, long most) {
    if (lock(group).isEmpty()) {
      throw noGroup(group);
    }
    long members =
        entities
            .createQuery(
                "select count(s) from ServerEntity s where s.group = :group"
                    + " and s.vmState <> dev.tern.contract.VmState.DELETED",
                Long.class)
            .setParameter("group", group)
            .getSingleResult();
    requireRoom(members, servers, most);
  }

  static void requireRoom(long members, int servers, long most) {
    if (most >= 0 && members + servers > most) {
      throw new ComputeException(
          ErrorCode.QUOTA_EXCEEDED, "Quota exceeded, too many servers in group", null);
    }
  }

  static ComputeException noGroup(Object group) {
    return new ComputeException(
        ErrorCode.INVALID_INPUT, "Instance group %s could not be found.".formatted(group), null);
  }

  static ComputeException tooMany() {
    return new ComputeException(
        ErrorCode.QUOTA_EXCEEDED, "Quota exceeded, too many server groups.", null);
  }

  /** Whether a server may take a share of a host now; its group is locked if that matters. */
  boolean allow(UUID server, HostName host) {
    @Nullable ServerEntity entity = entities.find(ServerEntity.class, server);
    if (entity == null || entity.group == null) {
      return true;
    }
    return lock(entity.group)
        .map(group -> rule(group, server))
        .map(rule -> rule.allows(host))
        .orElse(true);
  }

  PlacementRules rules(UUID server) {
    @Nullable ServerEntity entity = entities.find(ServerEntity.class, server);
    if (entity == null) {
      return PlacementRules.NONE;
    }
    return new PlacementRules(
        Optional.ofNullable(entity.group).flatMap(this::find).map(group -> rule(group, server)),
        Optional.ofNullable(entity.availabilityZone),
        entity.apartFrom == null ? Named.NOBODY : named(List.of(entity.apartFrom)),
        entity.nextTo == null ? Optional.empty() : Optional.of(named(List.of(entity.nextTo))),
        asks(entity));
  }

  private PlacementRules.Asks asks(ServerEntity entity) {
    @Nullable ImageEntity image = entities.find(ImageEntity.class, entity.image);
    return asks(entity, flavorToBe(entity), image);
  }

  /** While a host is chosen for a resize, what counts is what the server is to be. */
  private String flavorToBe(ServerEntity entity) {
    return entity.task != TaskState.RESIZE_PREP
        ? entity.flavor
        : entities
            .createQuery(
                "select m.newFlavor from ColdMigrationEntity m where m.server = :server"
                    + " and m.endedAt is null and m.newFlavor is not null",
                String.class)
            .setParameter("server", entity.id)
            .getResultStream()
            .findFirst()
            .orElse(entity.flavor);
  }

  static PlacementRules.Asks asks(ServerEntity entity, String flavor, @Nullable ImageEntity image) {
    return new PlacementRules.Asks(
        entity.project,
        Json.read(FlavorRecord.class, flavor).extraSpecs(),
        image == null ? Map.of() : Json.texts(image.properties),
        image == null || image.sha256 == null || image.sizeBytes == null
            ? Optional.empty()
            : Optional.of(new PlacementRules.Base(Offers.digest(image.sha256), image.sizeBytes)));
  }

  private PlacementRules.Group rule(ServerGroupEntity group, UUID server) {
    Map<ServerId, Set<HostName>> members = new HashMap<>();
    entities
        .createQuery(
            "select distinct c.server, c.host from ClaimEntity c, ServerEntity s"
                + " where s.id = c.server and s.group = :group and s.id <> :server"
                + " and c.releasedAt is null",
            Object[].class)
        .setParameter("group", group.id)
        .setParameter("server", server)
        .getResultStream()
        .forEach(row ->
            members
                .computeIfAbsent(new ServerId((UUID) row[0]), _ -> new HashSet<>())
                .add(new HostName((String) row[1])));
    return new PlacementRules.Group(group.id, group.policy(), group.mostPerHost(), members);
  }

  private Named named(List<UUID> servers) {
    if (servers.isEmpty()) {
      return Named.NOBODY;
    }
    Map<ServerId, Set<HostName>> places = new HashMap<>();
    servers.forEach(server -> places.put(new ServerId(server), new HashSet<>()));
    entities
        .createQuery(
            "select distinct c.server, c.host from ClaimEntity c where c.server in :servers"
                + " and c.releasedAt is null",
            Object[].class)
        .setParameter("servers", servers)
        .getResultStream()
        .forEach(row ->
            places
                .computeIfAbsent(new ServerId((UUID) row[0]), _ -> new HashSet<>())
                .add(new HostName((String) row[1])));
    return new Named(places);
  }
}
