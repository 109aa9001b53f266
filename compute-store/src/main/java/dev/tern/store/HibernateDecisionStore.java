package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Decision;
import jakarta.persistence.EntityManager;
import java.time.Duration;
import java.util.List;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateDecisionStore implements DecisionStore {
  private static final int FORGET_AT_ONCE = 20;

  private final EntityManager entities;

  HibernateDecisionStore(EntityManager entities) {
    this.entities = entities;
  }

  @Override
  public void keep(
      RequestId request, ClaimId claim, Decision decision, int within, Duration forAsLong) {
    int _ =
        entities
            .createNativeQuery(
                "insert into decisions (request_id, claim_id, server_id, content, decided_at)"
                    + " values (:request, :claim, :server, :content, now())"
                    + " on conflict (claim_id) do update set content = excluded.content,"
                    + " decided_at = excluded.decided_at, request_id = excluded.request_id")
            .setParameter("request", request.value())
            .setParameter("claim", claim.value())
            .setParameter("server", decision.server().value())
            .setParameter("content", Json.of(decision))
            .executeUpdate();
    forget(within, forAsLong);
  }

  // Numbers rise with some gaps: those more than so many behind the newest are not among the
  // newest.
  private void forget(int within, Duration forAsLong) {
    int _ =
        entities
            .createNativeQuery(
                "delete from decisions where number in (select number from decisions"
                    + " where decided_at < now() - make_interval(secs => :seconds)"
                    + " or number <= (select max(number) from decisions) - :within"
                    + " order by number limit :many for update skip locked)")
            .setParameter("seconds", (double) forAsLong.toSeconds())
            .setParameter("within", (long) within)
            .setParameter("many", FORGET_AT_ONCE)
            .executeUpdate();
  }

  @Override
  @Transactional(readOnly = true)
  public List<KeptDecision> of(RequestId request) {
    return entities
        .createQuery(
            "from DecisionEntity d where d.request = :request order by d.number",
            DecisionEntity.class)
        .setParameter("request", request.value())
        .setMaxResults(MOST)
        .getResultStream()
        .map(DecisionEntity::toRecord)
        .toList();
  }

  @Override
  @Transactional(readOnly = true)
  public List<KeptDecision> of(ServerId server, int limit) {
    return entities
        .createQuery(
            "from DecisionEntity d where d.server = :server order by d.number desc",
            DecisionEntity.class)
        .setParameter("server", server.value())
        .setMaxResults(Math.min(limit, MOST))
        .getResultStream()
        .map(DecisionEntity::toRecord)
        .toList();
  }
}
