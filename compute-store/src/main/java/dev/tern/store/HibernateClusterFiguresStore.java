package dev.tern.store;

import jakarta.persistence.EntityManager;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.transaction.annotation.Transactional;

/** One query: a few hundred index entries, and one look over servers, hosts and open sagas. */
@Transactional(readOnly = true)
class HibernateClusterFiguresStore implements ClusterFiguresStore {
  private static final String COUNTS =
      """
      select 'migrations' as what, status as word, count(*)::numeric as n
        from migrations where ended_at is null group by status
      union all select 'doubt', '', count(*) from migrations where ended_at is null and in_doubt
      union all select 'sagas', case when leased_until > now() then 'running' else 'waiting' end, count(*)
        from sagas where ended_at is null group by 2
      union all select 'oldest', '', coalesce(extract(epoch from now() - min(created_at)), 0)
        from sagas where ended_at is null and (leased_until is null or leased_until <= now())
      union all select 'servers', vm_state, count(*) from servers where vm_state <> 'deleted' group by vm_state
      union all select 'hosts', case when forced_down then 'forced_down'
          when last_seen >= now() - make_interval(secs => :down) then 'up' else 'down' end, count(*)
        from hosts where not removed group by 2
      union all select 'disabled', '', count(*) from hosts where not removed and disabled
      union all select 'services', replace(service, 'nova-', '') ||
          case when last_seen >= now() - make_interval(secs => :down) then ' up' else ' down' end, count(*)
        from service_beats group by 2
      union all select 'drains', lower(state), count(*) from drains where ended_at is null group by state
      union all select 'drains', 'late', count(*) from drains
        where ended_at is null and (wishes::jsonb ->> 'deadline')::timestamptz < now()
      union all select 'drainServers', lower(s.state), count(*)
        from drain_servers s join drains d on d.id = s.drain_id where d.ended_at is null group by s.state
      union all select 'evacuations', 'running', count(*) from evacuations where ended_at is null
      union all select 'evacuations', 'owing', count(*)
        from evacuations where owner_changed_at is not null and settled_at is null
      union all select 'outbox', '', count(*) from outbox
      union all select 'outboxAge', '', coalesce(extract(epoch from now() - min(created_at)), 0) from outbox
      """;

  private final EntityManager entities;

  HibernateClusterFiguresStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  public ClusterFigures read(Duration downAfter) {
    Map<String, Map<String, BigDecimal>> found = new HashMap<>();
    // A colon is a parameter's to Hibernate.
    List<?> rows =
        entities
            .createNativeQuery(COUNTS.replace("::", "\\:\\:"), Object[].class)
            .setParameter("down", Rows.seconds(downAfter))
            .getResultList();
    for (Object row : rows) {
      Object[] cells = (Object[]) row;
      found
          .computeIfAbsent((String) cells[0], _ -> new HashMap<>())
          .put((String) cells[1], (BigDecimal) cells[2]);
    }
    return new ClusterFigures(
        counts(found, "migrations"),
        count(found, "doubt"),
        counts(found, "sagas"),
        age(found, "oldest"),
        counts(found, "servers"),
        counts(found, "hosts"),
        count(found, "disabled"),
        counts(found, "services"),
        counts(found, "drains"),
        counts(found, "drainServers"),
        counts(found, "evacuations"),
        count(found, "outbox"),
        age(found, "outboxAge"));
  }

  private static Map<String, Long> counts(Map<String, Map<String, BigDecimal>> found, String what) {
    Map<String, Long> counts = new HashMap<>();
    found.getOrDefault(what, Map.of()).forEach((word, n) -> counts.put(word, n.longValue()));
    return counts;
  }

  private static BigDecimal one(Map<String, Map<String, BigDecimal>> found, String what) {
    return found.getOrDefault(what, Map.of()).getOrDefault("", BigDecimal.ZERO);
  }

  private static long count(Map<String, Map<String, BigDecimal>> found, String what) {
    return one(found, what).longValue();
  }

  private static Duration age(Map<String, Map<String, BigDecimal>> found, String what) {
    return Duration.ofMillis(one(found, what).movePointRight(3).max(BigDecimal.ZERO).longValue());
  }
}
