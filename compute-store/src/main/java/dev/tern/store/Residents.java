package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.DrainStore.Occupancy;
import dev.tern.store.DrainStore.Resident;
import jakarta.persistence.EntityManager;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Servers where they are, within the transaction under way. */
final class Residents {
  /** Metadata of a server that no job moves by itself; what empties its host does. */
  static final String NEVER = "tern:never_move";

  private final EntityManager entities;

  Residents(EntityManager entities) {
    this.entities = entities;
  }

  List<Resident> of(Collection<HostName> hosts) {
    if (hosts.isEmpty()) {
      return List.of();
    }
    return entities
        .createQuery(
            "select s, c from ServerEntity s left join ClaimEntity c on c.id = s.claim"
                + " where s.host in (:hosts) and s.vmState <> dev.tern.contract.VmState.DELETED"
                + " order by s.createdAt, s.id",
            Object[].class)
        .setParameter("hosts", hosts.stream().map(HostName::value).toList())
        .getResultStream()
        .map(row -> resident((ServerEntity) row[0], (ClaimEntity) row[1]))
        .toList();
  }

  Occupancy occupancy(HostName host) {
    List<ServerId> servers =
        entities
            .createQuery(
                "select s.id from ServerEntity s where s.host = :host and s.vmState <> :deleted"
                    + " order by s.createdAt, s.id",
                UUID.class)
            .setParameter("host", host.value())
            .setParameter("deleted", VmState.DELETED)
            .getResultStream()
            .map(ServerId::new)
            .toList();
    long claims =
        entities
            .createQuery(
                "select count(c) from ClaimEntity c where c.host = :host and c.releasedAt is null",
                Long.class)
            .setParameter("host", host.value())
            .getSingleResult();
    long arriving =
        entities
            .createQuery(
                "select count(c) from ClaimEntity c, ServerEntity s where c.host = :host"
                    + " and c.releasedAt is null and s.id = c.server"
                    + " and (s.host is null or s.host <> :host)"
                    + " and not exists (select 1 from MigrationEntity m where m.server = s.id"
                    + " and m.endedAt is null and m.source = :host)"
                    + " and not exists (select 1 from ColdMigrationEntity m where m.server = s.id"
                    + " and m.endedAt is null and m.source = :host)",
                Long.class)
            .setParameter("host", host.value())
            .getSingleResult();
    long unconfirmed =
        claims == 0
            ? 0
            : entities
                .createQuery(
                    "select count(m) from ColdMigrationEntity m where m.source = :host"
                        + " and m.endedAt is null and m.finishedAt is not null",
                    Long.class)
                .setParameter("host", host.value())
                .getSingleResult();
    return new Occupancy(
        servers,
        Math.toIntExact(arriving),
        Math.toIntExact(unconfirmed),
        servers.isEmpty() && claims == 0);
  }

  static Resident resident(ServerEntity server, @Nullable ClaimEntity claim) {
    return new Resident(
        new ServerId(server.id),
        new HostName(java.util.Objects.requireNonNull(server.host)),
        server.vcpus,
        server.memoryMib,
        claim == null ? 0 : claim.diskBytes,
        fixed(server));
  }

  private static Optional<String> fixed(ServerEntity server) {
    if (server.lockedBy != null) {
      return Optional.of("It is locked.");
    }
    if (Boolean.parseBoolean(Json.texts(server.metadata).get(NEVER))) {
      return Optional.of("Its metadata says %s.".formatted(NEVER));
    }
    if (server.task != null) {
      return Optional.of("It is busy (%s).".formatted(server.task.wire()));
    }
    return switch (server.vmState) {
      case ACTIVE, PAUSED -> Optional.empty();
      case BUILDING, SUSPENDED, STOPPED, RESIZED, ERROR, DELETED ->
          Optional.of("It is %s.".formatted(server.vmState.wire()));
    };
  }
}
