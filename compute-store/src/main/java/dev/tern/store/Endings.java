package dev.tern.store;

import dev.tern.contract.Failure;
import dev.tern.contract.TaskState;
import jakarta.persistence.EntityManager;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What all endings have in common: server without task, saga and action ended, the next saga woken.
 */
final class Endings {
  private final EntityManager entities;
  private final Rows rows;

  Endings(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  /** Ends the saga and its action. A delete that waits behind the saga keeps the server's task. */
  void end(SagaEntity saga, ServerEntity server, Optional<Failure> failure, Instant now) {
    server.task = rows.deleteWaits(saga) ? TaskState.DELETING : null;
    server.progress = 0;
    server.adminPass = null;
    server.updatedAt = now;
    saga.endedAt = now;
    saga.leasedUntil = null;
    saga.holder = null;
    endAction(saga, failure, now);
    next(saga).ifPresent(next -> rows.wake(next, now));
  }

  private void endAction(SagaEntity saga, Optional<Failure> failure, Instant now) {
    entities
        .createQuery(
            "from ActionEntity a where a.server = :server and a.request = :request",
            ActionEntity.class)
        .setParameter("server", saga.server)
        .setParameter("request", saga.request)
        .getResultStream()
        .findFirst()
        .ifPresent(action -> {
          for (ActionEventEntity event : openEvents(action.number())) {
            event.finish(failure.map(Failure::message), now);
          }
          if (failure.isPresent()) {
            action.message = ActionEntity.FAILED;
          }
          action.updatedAt = now;
        });
  }

  private List<ActionEventEntity> openEvents(long action) {
    return entities
        .createQuery(
            "from ActionEventEntity e where e.action = :action and e.finishedAt is null",
            ActionEventEntity.class)
        .setParameter("action", action)
        .getResultList();
  }

  private Optional<UUID> next(SagaEntity ended) {
    return entities
        .createQuery(
            "select s.id from SagaEntity s where s.server = :server and s.endedAt is null"
                + " and s.id <> :saga order by s.number",
            UUID.class)
        .setParameter("server", ended.server)
        .setParameter("saga", ended.id)
        .setMaxResults(1)
        .getResultStream()
        .findFirst();
  }
}
