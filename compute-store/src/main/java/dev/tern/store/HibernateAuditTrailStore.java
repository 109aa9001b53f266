package dev.tern.store;

import dev.tern.contract.RequestId;
import jakarta.persistence.EntityManager;
import jakarta.persistence.TypedQuery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateAuditTrailStore implements AuditTrailStore {
  private static final int REFUSED = 400;

  private final EntityManager entities;

  HibernateAuditTrailStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  public void keep(Asked asked) {
    entities.persist(AuditTrailEntity.of(asked));
  }

  @Override
  @Transactional(readOnly = true)
  public List<AskedFor> list(AuditQuery query) {
    List<String> conditions = new ArrayList<>(List.of("a.number < :before"));
    Map<String, Object> values = new TreeMap<>();
    values.put("before", query.before().orElse(Long.MAX_VALUE));
    query.user().ifPresent(user -> values.put("user", user));
    query.project().ifPresent(project -> values.put("project", project));
    query.target().ifPresent(target -> values.put("target", target));
    query.action().ifPresent(action -> values.put("action", action));
    query.request().map(RequestId::value).ifPresent(request -> values.put("request", request));
    values.keySet().stream()
        .filter(name -> !name.equals("before"))
        .forEach(name -> conditions.add("a.%s = :%s".formatted(name, name)));
    query
        .since()
        .ifPresent(since -> {
          conditions.add("a.askedAt >= :since");
          values.put("since", since);
        });
    query
        .until()
        .ifPresent(until -> {
          conditions.add("a.askedAt < :until");
          values.put("until", until);
        });
    if (query.refusedOnly()) {
      conditions.add("a.status >= " + REFUSED);
    }
    TypedQuery<AuditTrailEntity> found =
        entities.createQuery(
            "from AuditTrailEntity a where %s order by a.number desc"
                .formatted(String.join(" and ", conditions)),
            AuditTrailEntity.class);
    values.forEach(found::setParameter);
    return found
        .setMaxResults(query.limit())
        .getResultStream()
        .map(AuditTrailEntity::toRecord)
        .toList();
  }

  // Numbers rise with some gaps: those more than so many behind the newest are not among the
  // newest.
  @Override
  public int forget(Duration olderThan, long moreThan, int atOnce) {
    return entities
        .createNativeQuery(
            "delete from audit_trail where number in (select number from audit_trail"
                + " where asked_at < now() - make_interval(secs => :seconds)"
                + " or number <= (select max(number) from audit_trail) - :most"
                + " order by number limit :many for update skip locked)")
        .setParameter("seconds", (double) olderThan.toSeconds())
        .setParameter("most", moreThan)
        .setParameter("many", atOnce)
        .executeUpdate();
  }
}
