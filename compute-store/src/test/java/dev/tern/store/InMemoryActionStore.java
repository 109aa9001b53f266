package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import java.util.List;
import java.util.Optional;

final class InMemoryActionStore implements ActionStore {
  private final Memory memory;

  InMemoryActionStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public List<ActionRecord> list(ServerId server) {
    synchronized (memory) {
      return memory.actions.reversed().stream()
          .filter(action -> action.server.equals(server.value()))
          .map(this::toRecord)
          .toList();
    }
  }

  @Override
  public Optional<ActionRecord> find(ServerId server, RequestId request) {
    synchronized (memory) {
      return memory.action(server.value(), request.value()).map(this::toRecord);
    }
  }

  private ActionRecord toRecord(ActionEntity action) {
    return new ActionRecord(
        new ServerId(action.server),
        new RequestId(action.request),
        action.action,
        action.user,
        action.project,
        action.startedAt,
        action.updatedAt,
        Optional.ofNullable(action.message),
        memory.events.stream()
            .filter(event -> event.action == action.number())
            .map(ActionEventEntity::toRecord)
            .toList());
  }

  private ActionEntity action(ServerId server, RequestId request) {
    return memory
        .action(server.value(), request.value())
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.ACTION_NOT_FOUND, "Action %s not found".formatted(request), null));
  }

  private List<ActionEventEntity> named(ActionEntity action, String event) {
    return memory.events.stream()
        .filter(each -> each.action == action.number() && each.event.equals(event))
        .toList();
  }

  @Override
  public void begin(ServerId server, RequestId request, String event, Optional<HostName> host) {
    synchronized (memory) {
      ActionEntity action = action(server, request);
      boolean known =
          named(action, event).stream()
              .anyMatch(each -> Optional.ofNullable(each.host).equals(host.map(HostName::value)));
      if (!known) {
        ActionEventEntity _ = add(action, event, host);
        action.updatedAt = memory.now;
      }
    }
  }

  private ActionEventEntity add(ActionEntity action, String event, Optional<HostName> host) {
    ActionEventEntity added = new ActionEventEntity();
    added.number = memory.nextNumber();
    added.action = action.number();
    added.event = event;
    added.host = host.map(HostName::value).orElse(null);
    added.startedAt = memory.now;
    memory.events.add(added);
    return added;
  }

  @Override
  public void end(ServerId server, RequestId request, String event, Optional<String> error) {
    synchronized (memory) {
      ActionEntity action = action(server, request);
      List<ActionEventEntity> known = named(action, event);
      List<ActionEventEntity> open =
          known.isEmpty()
              ? List.of(add(action, event, Optional.empty()))
              : known.stream().filter(each -> each.finishedAt == null).toList();
      open.forEach(each -> each.finish(error, memory.now));
      if (!open.isEmpty()) {
        error.ifPresent(_ -> action.message = ActionEntity.FAILED);
        action.updatedAt = memory.now;
      }
    }
  }
}
