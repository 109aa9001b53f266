package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.ClaimStore.ClaimTrace;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Taking and giving back shares of hosts, within the transaction under way. */
final class Claims {
  private static final int FORGET_AT_ONCE = 100;

  private final EntityManager entities;

  Claims(EntityManager entities) {
    this.entities = entities;
  }

  Optional<ClaimRecord> find(ClaimId claim) {
    return Optional.ofNullable(entities.find(ClaimEntity.class, claim.value()))
        .flatMap(ClaimEntity::held);
  }

  Optional<ClaimTrace> trace(ClaimId claim) {
    return Optional.ofNullable(entities.find(ClaimEntity.class, claim.value()))
        .flatMap(ClaimEntity::trace);
  }

  List<ClaimEntity> of(UUID server) {
    return entities
        .createQuery(
            "from ClaimEntity c where c.server = :server and c.releasedAt is null order by c.id",
            ClaimEntity.class)
        .setParameter("server", server)
        .getResultList();
  }

  List<ClaimEntity> on(HostName host, Optional<ClaimId> after, int limit) {
    TypedQuery<ClaimEntity> query =
        entities
            .createQuery(
                "from ClaimEntity c where c.host = :host and c.releasedAt is null"
                    + (after.isPresent() ? " and c.id > :after" : "")
                    + " order by c.id",
                ClaimEntity.class)
            .setParameter("host", host.value())
            .setMaxResults(limit);
    after.ifPresent(id -> query.setParameter("after", id.value()));
    return query.getResultList();
  }

  /** The claim row first: it is what two askers with the same id meet at. Then the host's sum. */
  Optional<ClaimRecord> claim(
      ClaimId claim, ServerId server, HostName host, Resources share, Resources limits) {
    if (!isHost(host)) {
      return find(claim);
    }
    // Before the claims, so that of two members who take hosts at once the second sees the first.
    if (find(claim).isEmpty() && !new Groups(entities).allow(server.value(), host)) {
      return Optional.empty();
    }
    if (insert(claim, server, host, share) == 0) {
      return find(claim);
    }
    if (add(host, share, limits) == 0) {
      entities
          .createNativeQuery("delete from claims where id = :id")
          .setParameter("id", claim.value())
          .executeUpdate();
      return Optional.empty();
    }
    return Optional.of(new ClaimRecord(claim, server, host, share));
  }

  private boolean isHost(HostName host) {
    return entities.find(HostShareEntity.class, host.value()) != null;
  }

  private int insert(ClaimId claim, ServerId server, HostName host, Resources share) {
    return entities
        .createNativeQuery(
            "insert into claims (id, server_id, host, vcpus, memory_mib, disk_bytes, claimed_at)"
                + " values (:id, :server, :host, :vcpus, :memory, :disk, now())"
                + " on conflict (id) do nothing")
        .setParameter("id", claim.value())
        .setParameter("server", server.value())
        .setParameter("host", host.value())
        .setParameter("vcpus", share.vcpus())
        .setParameter("memory", share.memoryMib())
        .setParameter("disk", share.diskBytes())
        .executeUpdate();
  }

  private int add(HostName host, Resources share, Resources limits) {
    return entities
        .createNativeQuery(
            "update host_shares set vcpus = vcpus + :vcpus, memory_mib = memory_mib + :memory,"
                + " disk_bytes = disk_bytes + :disk where host = :host and drain is null"
                + " and vcpus + :vcpus <= :maxVcpus and memory_mib + :memory <= :maxMemory"
                + " and disk_bytes + :disk <= :maxDisk")
        .setParameter("vcpus", (long) share.vcpus())
        .setParameter("memory", share.memoryMib())
        .setParameter("disk", share.diskBytes())
        .setParameter("host", host.value())
        .setParameter("maxVcpus", (long) limits.vcpus())
        .setParameter("maxMemory", limits.memoryMib())
        .setParameter("maxDisk", limits.diskBytes())
        .executeUpdate();
  }

  /** Gives back every claim of the server but the one to keep. */
  void releaseAllBut(UUID server, @Nullable UUID keep) {
    of(server).stream()
        .filter(claim -> !claim.id.equals(keep))
        .sorted(Comparator.comparing(claim -> String.valueOf(claim.host)))
        .forEach(claim -> release(claim.id));
  }

  /**
   * Gives a claim back, once. An id that was never claimed is noted all the same: its question may
   * still be on the way.
   */
  void release(UUID id) {
    forgetOld();
    int noted =
        entities
            .createNativeQuery(
                "insert into claims"
                    + " (id, vcpus, memory_mib, disk_bytes, claimed_at, released_at)"
                    + " values (:id, 0, 0, 0, now(), now()) on conflict (id) do nothing")
            .setParameter("id", id)
            .executeUpdate();
    if (noted == 1) {
      return;
    }
    @Nullable ClaimEntity claim =
        entities.find(ClaimEntity.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (claim == null) {
      return;
    }
    entities.refresh(claim, LockModeType.PESSIMISTIC_WRITE);
    if (claim.releasedAt != null || claim.host == null) {
      return;
    }
    entities
        .createNativeQuery("update claims set released_at = now() where id = :id")
        .setParameter("id", id)
        .executeUpdate();
    entities
        .createNativeQuery(
            "update host_shares set vcpus = vcpus - :vcpus, memory_mib = memory_mib - :memory,"
                + " disk_bytes = disk_bytes - :disk where host = :host")
        .setParameter("vcpus", (long) claim.vcpus)
        .setParameter("memory", claim.memoryMib)
        .setParameter("disk", claim.diskBytes)
        .setParameter("host", claim.host)
        .executeUpdate();
    entities.refresh(claim);
  }

  private void forgetOld() {
    entities
        .createNativeQuery(
            "delete from claims where id in (select id from claims"
                + " where released_at < now() - interval '1 day' limit :many"
                + " for update skip locked)")
        .setParameter("many", FORGET_AT_ONCE)
        .executeUpdate();
  }

  /**
   * Checks that a claim is held where a guest is to be put.
   *
   * @throws IllegalStateException when it is not: released, on another host, or of another server
   */
  void requireHeld(ClaimId claim, UUID server, HostName host) {
    boolean held =
        find(claim)
            .filter(found -> found.host().equals(host) && found.server().value().equals(server))
            .isPresent();
    if (!held) {
      throw new IllegalStateException(
          "claim %s of server %s is not held on %s".formatted(claim, server, host));
    }
  }
}
