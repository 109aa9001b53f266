package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateActionStore implements ActionStore {
  private final EntityManager entities;
  private final Rows rows;

  HibernateActionStore(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  @Override
  @Transactional(readOnly = true)
  public List<ActionRecord> list(ServerId server) {
    List<ActionEntity> actions =
        entities
            .createQuery(
                "from ActionEntity a where a.server = :server order by a.number desc",
                ActionEntity.class)
            .setParameter("server", server.value())
            .getResultList();
    Map<Long, List<ActionEventEntity>> events =
        events(actions.stream().map(ActionEntity::number).toList()).stream()
            .collect(Collectors.groupingBy(event -> event.action));
    return actions.stream()
        .map(action -> toRecord(action, events.getOrDefault(action.number(), List.of())))
        .toList();
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ActionRecord> find(ServerId server, RequestId request) {
    return action(server, request, LockModeType.NONE)
        .map(action -> toRecord(action, events(List.of(action.number()))));
  }

  @Override
  public void begin(ServerId server, RequestId request, String event, Optional<HostName> host) {
    ActionEntity action = lock(server, request);
    boolean open =
        named(action, event).stream()
            .anyMatch(each -> Optional.ofNullable(each.host).equals(host.map(HostName::value)));
    if (!open) {
      Instant now = rows.now();
      add(action, event, host, now);
      action.updatedAt = now;
    }
  }

  @Override
  public void end(ServerId server, RequestId request, String event, Optional<String> error) {
    ActionEntity action = lock(server, request);
    Instant now = rows.now();
    List<ActionEventEntity> known = named(action, event);
    List<ActionEventEntity> open =
        known.isEmpty()
            ? List.of(add(action, event, Optional.empty(), now))
            : known.stream().filter(each -> each.finishedAt == null).toList();
    if (open.isEmpty()) {
      return;
    }
    open.forEach(each -> each.finish(error, now));
    if (error.isPresent()) {
      action.message = ActionEntity.FAILED;
    }
    action.updatedAt = now;
  }

  private ActionEventEntity add(
      ActionEntity action, String event, Optional<HostName> host, Instant now) {
    ActionEventEntity added = new ActionEventEntity();
    added.action = action.number();
    added.event = event;
    added.host = host.map(HostName::value).orElse(null);
    added.startedAt = now;
    entities.persist(added);
    return added;
  }

  /** Locked, so that of two who open the same event one finds the other's. */
  private ActionEntity lock(ServerId server, RequestId request) {
    return action(server, request, LockModeType.PESSIMISTIC_WRITE)
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.ACTION_NOT_FOUND, "Action %s not found".formatted(request), null));
  }

  private Optional<ActionEntity> action(ServerId server, RequestId request, LockModeType lock) {
    return entities
        .createQuery(
            "from ActionEntity a where a.server = :server and a.request = :request",
            ActionEntity.class)
        .setParameter("server", server.value())
        .setParameter("request", request.value())
        .setLockMode(lock)
        .getResultStream()
        .findFirst();
  }

  private List<ActionEventEntity> named(ActionEntity action, String event) {
    return events(List.of(action.number())).stream()
        .filter(each -> each.event.equals(event))
        .toList();
  }

  private List<ActionEventEntity> events(List<Long> actions) {
    return entities
        .createQuery(
            "from ActionEventEntity e where e.action in :actions order by e.number",
            ActionEventEntity.class)
        .setParameter("actions", actions)
        .getResultList();
  }

  private static ActionRecord toRecord(ActionEntity action, List<ActionEventEntity> events) {
    return new ActionRecord(
        new ServerId(action.server),
        new RequestId(action.request),
        action.action,
        action.user,
        action.project,
        action.startedAt,
        action.updatedAt,
        Optional.ofNullable(action.message),
        events.stream().map(ActionEventEntity::toRecord).toList());
  }
}
