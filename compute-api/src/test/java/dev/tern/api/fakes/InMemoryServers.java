package dev.tern.api.fakes;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore;
import dev.tern.store.ServerStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

public final class InMemoryServers implements ServerStore {
  private final Map<ServerId, ServerRecord> all = new LinkedHashMap<>();
  private final InMemoryActions actions;
  private final Clock clock;

  public InMemoryServers(InMemoryActions actions, Clock clock) {
    this.actions = actions;
    this.clock = clock;
  }

  public synchronized void clear() {
    all.clear();
  }

  /** What a conductor would have written. */
  public synchronized void put(ServerRecord server) {
    all.put(server.id(), server);
  }

  public synchronized int count() {
    return all.size();
  }

  @Override
  public synchronized Optional<ServerRecord> find(ServerId id) {
    return findEvenDeleted(id).filter(server -> server.vmState() != VmState.DELETED);
  }

  @Override
  public synchronized Optional<ServerRecord> findEvenDeleted(ServerId id) {
    return Optional.ofNullable(all.get(id));
  }

  @Override
  public synchronized List<ServerRecord> list(ServerQuery query) {
    Comparator<ServerRecord> order = null;
    for (Sort sort : query.sort()) {
      Comparator<ServerRecord> by =
          switch (sort.key()) {
            case CREATED_AT -> Comparator.comparing(ServerRecord::createdAt);
            case UPDATED_AT -> Comparator.comparing(ServerRecord::updatedAt);
            case NAME -> Comparator.comparing(ServerRecord::name);
            case UUID -> Comparator.comparing(s -> s.id().toString());
            case HOST -> Comparator.comparing(s -> s.host().map(HostName::value).orElse(""));
            case VM_STATE -> Comparator.comparing(ServerRecord::vmState);
            case TASK_STATE -> Comparator.comparing(s -> s.task().map(TaskState::wire).orElse(""));
          };
      Comparator<ServerRecord> directed = sort.descending() ? by.reversed() : by;
      order = order == null ? directed : order.thenComparing(directed);
    }
    Comparator<ServerRecord> byId = Comparator.comparing(s -> s.id().toString());
    List<ServerRecord> sorted = new ArrayList<>(all.values());
    sorted.sort(order == null ? byId : order.thenComparing(byId));
    int from =
        query
            .marker()
            .map(m -> sorted.stream().map(ServerRecord::id).toList().indexOf(m) + 1)
            .orElse(0);
    return sorted.stream()
        .skip(from)
        .filter(s -> query.deleted() || s.vmState() != VmState.DELETED)
        .filter(s -> query.project().isEmpty() || query.project().get().equals(s.project()))
        .filter(s ->
            query.name().isEmpty() || Pattern.compile(query.name().get()).matcher(s.name()).find())
        .filter(s -> query.host().isEmpty() || query.host().equals(s.host()))
        .filter(s -> query.vmStates().isEmpty() || query.vmStates().contains(s.vmState()))
        .filter(s -> query.task().isEmpty() || query.task().equals(s.task()))
        .filter(s -> query.image().isEmpty() || query.image().get().equals(s.image()))
        .filter(s -> query.flavor().isEmpty() || query.flavor().get().equals(s.flavor().id()))
        .filter(s ->
            query.changesSince().isEmpty() || !s.updatedAt().isBefore(query.changesSince().get()))
        .limit(query.limit())
        .toList();
  }

  @Override
  public synchronized Usage usage(String project) {
    List<ServerRecord> mine =
        all.values().stream()
            .filter(s -> s.project().equals(project) && s.vmState() != VmState.DELETED)
            .toList();
    return new Usage(
        mine.size(),
        mine.stream().mapToInt(s -> s.flavor().vcpus()).sum(),
        mine.stream().mapToLong(s -> s.flavor().memoryMib()).sum());
  }

  @Override
  public synchronized ServerRecord requestCreate(NewServer server, Requested by) {
    ServerRecord made =
        new ServerRecord(
            server.id(),
            server.name(),
            server.hostname(),
            server.user(),
            server.project(),
            server.flavor(),
            server.image(),
            server.metadata(),
            server.description(),
            server.availabilityZone(),
            server.requestedHost(),
            server.network(),
            VmState.BUILDING,
            Optional.of(TaskState.SCHEDULING),
            PowerState.NOSTATE,
            1,
            Optional.empty(),
            Optional.empty(),
            0,
            Optional.empty(),
            clock.instant(),
            clock.instant(),
            Optional.empty(),
            Optional.empty());
    all.put(made.id(), made);
    actions.opened(made.id(), by, "create");
    return made;
  }

  @Override
  public synchronized ServerRecord requestStart(ServerId id, Requested by) {
    ServerRecord server = existing(id);
    refuseTask("start", server);
    if (server.vmState() != VmState.STOPPED) {
      throw wrongState("start", id, "vm_state", server.vmState().wire());
    }
    actions.opened(id, by, "start");
    return with(server, server.vmState(), Optional.of(TaskState.POWERING_ON));
  }

  @Override
  public synchronized ServerRecord requestStop(ServerId id, Requested by) {
    ServerRecord server = existing(id);
    refuseTask("stop", server);
    if (server.vmState() != VmState.ACTIVE && server.vmState() != VmState.ERROR) {
      throw wrongState("stop", id, "vm_state", server.vmState().wire());
    }
    actions.opened(id, by, "stop");
    return with(server, server.vmState(), Optional.of(TaskState.POWERING_OFF));
  }

  @Override
  public synchronized ServerRecord requestDelete(ServerId id, Requested by) {
    actions.opened(id, by, "delete");
    return with(existing(id), existing(id).vmState(), Optional.of(TaskState.DELETING));
  }

  /** Guard and new state of a live migration; the rest is the migrations'. */
  synchronized ServerRecord lockForMigration(ServerId id, Requested by) {
    ServerRecord server = existing(id);
    refuseTask("os-migrateLive", server);
    if (server.vmState() != VmState.ACTIVE && server.vmState() != VmState.PAUSED) {
      throw wrongState("os-migrateLive", id, "vm_state", server.vmState().wire());
    }
    actions.opened(id, by, "live-migration");
    return with(server, server.vmState(), Optional.of(TaskState.MIGRATING));
  }

  synchronized void unlock(ServerId id) {
    ServerRecord server = existing(id);
    with(server, server.vmState(), Optional.empty());
  }

  private ServerRecord existing(ServerId id) {
    return find(id)
        .filter(s -> s.vmState() != VmState.DELETED)
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.INSTANCE_NOT_FOUND,
                "Instance %s could not be found.".formatted(id),
                null));
  }

  private static void refuseTask(String action, ServerRecord server) {
    if (server.task().isPresent()) {
      throw wrongState(action, server.id(), "task_state", server.task().get().wire());
    }
  }

  private static ComputeException wrongState(
      String action, ServerId id, String attribute, String state) {
    return new ComputeException(
        ErrorCode.INSTANCE_INVALID_STATE,
        "Cannot '%s' instance %s while it is in %s %s".formatted(action, id, attribute, state),
        null);
  }

  private ServerRecord with(ServerRecord s, VmState vmState, Optional<TaskState> task) {
    ServerRecord changed = Samples.with(s, vmState, task, s.epoch() + 1, clock.instant());
    all.put(s.id(), changed);
    return changed;
  }

  @Override
  public void placed(SagaStore.Lease lease, ServerId id, HostName host, ClaimId claim) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void running(SagaStore.Lease lease, ServerId id) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void stopped(SagaStore.Lease lease, ServerId id) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void failed(
      SagaStore.Lease lease,
      ServerId id,
      VmState vmState,
      PowerState power,
      Failure failure,
      boolean release) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public void deleted(SagaStore.Lease lease, ServerId id) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public boolean guestEnded(ServerId id, HostName host) {
    throw new UnsupportedOperationException("the conductor's");
  }
}
