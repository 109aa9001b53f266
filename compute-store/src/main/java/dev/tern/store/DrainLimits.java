package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.store.DrainStore.Most;
import jakarta.persistence.EntityManager;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How many migrations run when a drain is to begin another, whoever asked for them, within the
 * transaction under way.
 */
final class DrainLimits {
  /** Of all that begin migrations for drains; any number that nothing else locks. */
  private static final long LIMITS_LOCK = 0x7465_726e_6472_6169L;

  /** One that waits to be confirmed or reverted moves no more. */
  private static final String COLD_MOVES = "ended_at is null and finished_at is null";

  private final EntityManager entities;

  DrainLimits(EntityManager entities) {
    this.entities = entities;
  }

  /** Until the end of the transaction nobody else counts, to begin another. */
  void lock() {
    entities
        .createNativeQuery("select pg_advisory_xact_lock(:lock) is null", Boolean.class)
        .setParameter("lock", LIMITS_LOCK)
        .getSingleResult();
  }

  /** Whether one more may go this way. */
  boolean allow(DrainServer moving, Most most) {
    String source = moving.from().map(HostName::value).orElse("");
    String target = moving.target().map(HostName::value).orElse("");
    return !full(most.cluster(), "true", "")
        && !full(most.out(), "source = :host", source)
        && !full(most.in(), "coalesce(destination, requested_host) = :host", target);
  }

  private boolean full(int most, String which, String host) {
    if (most == 0) {
      return false;
    }
    var query =
        entities.createNativeQuery(
            "select (select count(*) from migrations where ended_at is null and "
                + which
                + ") + (select count(*) from cold_migrations where "
                + COLD_MOVES
                + " and "
                + which
                + ")",
            Long.class);
    if (which.contains(":host")) {
      query.setParameter("host", host);
    }
    return ((Number) query.getSingleResult()).longValue() >= most;
  }

  Map<HostName, Integer> arriving(Collection<HostName> hosts) {
    if (hosts.isEmpty()) {
      return Map.of();
    }
    List<?> found =
        entities
            .createNativeQuery(
                "select host, count(*) from (select coalesce(destination, requested_host) as host"
                    + " from migrations where ended_at is null union all"
                    + " select coalesce(destination, requested_host) from cold_migrations where "
                    + COLD_MOVES
                    + ") moving where host in (:hosts) group by host",
                Object[].class)
            .setParameter("hosts", hosts.stream().map(HostName::value).toList())
            .getResultList();
    return found.stream()
        .map(Object[].class::cast)
        .collect(
            Collectors.toMap(
                row -> new HostName((String) row[0]), row -> ((Number) row[1]).intValue()));
  }
}
