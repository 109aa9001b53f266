package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.QuotaStore.Resource;
import dev.tern.store.Requests.Refusals;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

final class InMemoryServerStore implements ServerStore {
  private final Memory memory;
  private final QuotaStore quotas;
  private final InMemoryServerGroupStore groups;

  InMemoryServerStore(Memory memory, QuotaStore quotas, InMemoryServerGroupStore groups) {
    this.memory = memory;
    this.quotas = quotas;
    this.groups = groups;
  }

  @Override
  public Map<ServerId, ServerRecord> find(Collection<ServerId> ids) {
    return ids.stream()
        .distinct()
        .flatMap(id -> find(id).stream())
        .collect(Collectors.toMap(ServerRecord::id, found -> found));
  }

  @Override
  public Optional<ServerRecord> find(ServerId id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.servers.get(id.value()))
          .filter(server -> server.vmState != VmState.DELETED)
          .map(ServerEntity::toRecord);
    }
  }

  @Override
  public Optional<ServerRecord> findEvenDeleted(ServerId id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.servers.get(id.value())).map(ServerEntity::toRecord);
    }
  }

  // ---- lists

  @Override
  public Map<HostName, List<ServerId>> onHosts(Collection<HostName> hosts) {
    synchronized (memory) {
      return memory.servers.values().stream()
          .filter(server -> server.host != null && server.vmState != VmState.DELETED)
          .map(ServerEntity::toRecord)
          .filter(server -> hosts.contains(server.host().orElseThrow()))
          .sorted(
              Comparator.comparing(ServerRecord::createdAt)
                  .thenComparing(server -> server.id().toString()))
          .collect(
              Collectors.groupingBy(
                  server -> server.host().orElseThrow(),
                  Collectors.mapping(ServerRecord::id, Collectors.toList())));
    }
  }

  @Override
  public List<ServerRecord> list(ServerQuery query) {
    synchronized (memory) {
      Comparator<ServerEntity> order = order(query.sort());
      Predicate<ServerEntity> wanted = wanted(query);
      Stream<ServerEntity> found = memory.servers.values().stream().filter(wanted).sorted(order);
      if (query.marker().isPresent()) {
        ServerEntity marker = memory.servers.get(query.marker().get().value());
        if (marker == null) {
          throw Refusals.noMarker(query.marker().get());
        }
        found = found.filter(server -> order.compare(server, marker) > 0);
      }
      return found.limit(query.limit()).map(ServerEntity::toRecord).toList();
    }
  }

  private static Comparator<ServerEntity> order(List<Sort> sorts) {
    Comparator<ServerEntity> order = (_, _) -> 0;
    for (Sort sort : sorts) {
      Comparator<ServerEntity> next = by(sort.key());
      order = order.thenComparing(sort.descending() ? next.reversed() : next);
    }
    boolean down = !sorts.isEmpty() && sorts.getLast().descending();
    return order.thenComparing(down ? by(SortKey.UUID).reversed() : by(SortKey.UUID));
  }

  private static Comparator<ServerEntity> by(SortKey key) {
    return switch (key) {
      case CREATED_AT -> Comparator.comparing(server -> server.createdAt);
      case UPDATED_AT -> Comparator.comparing(server -> server.updatedAt);
      case NAME -> Comparator.comparing(server -> server.name);
      case UUID -> Comparator.comparing(server -> server.id.toString());
      case HOST -> Comparator.comparing(server -> Optional.ofNullable(server.host).orElse("~"));
      case VM_STATE -> Comparator.comparing(server -> server.vmState.wire());
      case LOCKED -> Comparator.comparing(server -> server.lockedBy != null);
      case PROJECT -> Comparator.comparing(server -> server.project);
      case IMAGE -> Comparator.comparing(server -> server.image.toString());
      case FLAVOR -> Comparator.comparing(server -> server.flavorId);
      case LAUNCHED_AT ->
          Comparator.comparing(
              server -> Optional.ofNullable(server.launchedAt).orElse(java.time.Instant.EPOCH));
      case TASK_STATE ->
          Comparator.comparing(
              server -> Optional.ofNullable(server.task).map(TaskState::wire).orElse("~"));
    };
  }

  private static Predicate<ServerEntity> wanted(ServerQuery query) {
    Predicate<String> named = named(query);
    return server ->
        query.project().stream().allMatch(server.project::equals)
            && named.test(server.name)
            && query.host().stream().allMatch(host -> host.value().equals(server.host))
            && (query.vmStates().isEmpty() || query.vmStates().contains(server.vmState))
            && query.task().stream().allMatch(task -> task == server.task)
            && query.image().stream().allMatch(image -> image.value().equals(server.image))
            && query.flavor().stream().allMatch(server.flavorId::equals)
            && query.changesSince().stream().noneMatch(server.updatedAt::isBefore)
            && narrowed(query.narrowing(), server)
            && lives(query, server);
  }

  private static boolean narrowed(Narrowing asked, ServerEntity server) {
    Set<String> tags = Set.of(server.tags);
    return tags.containsAll(asked.tags())
        && (asked.anyTags().isEmpty() || asked.anyTags().stream().anyMatch(tags::contains))
        && (asked.notTags().isEmpty() || !tags.containsAll(asked.notTags()))
        && asked.notAnyTags().stream().noneMatch(tags::contains)
        && asked.locked().stream().allMatch(locked -> locked == (server.lockedBy != null))
        && asked.changesBefore().stream().noneMatch(server.updatedAt::isAfter);
  }

  private static boolean lives(ServerQuery query, ServerEntity server) {
    boolean deleted = server.vmState == VmState.DELETED;
    if (query.deleted()) {
      return deleted;
    }
    return !deleted
        || query.changesSince().isPresent()
        || query.vmStates().contains(VmState.DELETED);
  }

  private static Predicate<String> named(ServerQuery query) {
    try {
      return query.name().map(Pattern::compile).map(Pattern::asPredicate).orElse(_ -> true);
    } catch (PatternSyntaxException e) {
      throw new ComputeException(
          ErrorCode.INVALID_INPUT, "The name filter is not a regular expression.", e);
    }
  }

  @Override
  public Usage usage(String project) {
    return quotas.usage(project);
  }

  // ---- requests

  @Override
  public ServerRecord requestCreate(NewServer asked, Requested by) {
    synchronized (memory) {
      ServerEntity server = ServerEntity.of(asked, memory.now);
      if (memory.servers.putIfAbsent(server.id, server) != null) {
        throw new IllegalStateException("there is a server " + server.id);
      }
      memory.accept(server, TaskState.SCHEDULING, SagaKind.BOOT, null, "create", by);
      return server.toRecord();
    }
  }

  @Override
  public List<ServerRecord> requestCreate(List<NewServer> servers, BootTerms terms, Requested by) {
    synchronized (memory) {
      if (servers.isEmpty()) {
        return List.of();
      }
      String project = servers.getFirst().project();
      Map<Resource, Long> limits = quotas.limits(project, terms.usualLimits());
      List<NewServer> fitting = Quotas.fitting(servers, terms.least(), usage(project), limits);
      terms.group().ifPresent(group -> join(group, fitting.size(), limits));
      return fitting.stream()
          .map(server -> {
            ServerRecord made = requestCreate(server, by);
            Objects.requireNonNull(memory.servers.get(made.id().value())).take(terms);
            return made;
          })
          .toList();
    }
  }

  private void join(UUID group, int servers, Map<Resource, Long> limits) {
    if (!memory.groups.containsKey(group)) {
      throw Groups.noGroup(group);
    }
    Groups.requireRoom(
        groups.members(group).size(),
        servers,
        limits.getOrDefault(Resource.SERVER_GROUP_MEMBERS, QuotaStore.UNLIMITED));
  }

  @Override
  public ServerRecord requestLife(ServerId id, LifeRequest what, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      what.guard(server);
      memory.accept(server, what.task(), what.saga(), null, what.action(), by);
      return server.toRecord();
    }
  }

  @Override
  public ServerRecord requestStart(ServerId id, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      Requests.guard(server, "start", Set.of(VmState.STOPPED));
      memory.accept(server, TaskState.POWERING_ON, SagaKind.START, null, "start", by);
      return server.toRecord();
    }
  }

  @Override
  public ServerRecord requestStop(ServerId id, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      Requests.guard(server, "stop", Set.of(VmState.ACTIVE, VmState.ERROR));
      Requests.guardHost(server, "stop");
      memory.accept(server, TaskState.POWERING_OFF, SagaKind.STOP, null, "stop", by);
      return server.toRecord();
    }
  }

  @Override
  public ServerRecord requestDelete(ServerId id, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      if (server.task == TaskState.DELETING) {
        return server.toRecord();
      }
      memory.migrations.values().stream()
          .filter(each -> each.server.equals(server.id) && each.endedAt == null)
          .forEach(migration -> migration.abortRequested = true);
      memory.unfinished(server.id).map(saga -> saga.id).toList().forEach(memory::wake);
      memory.accept(server, TaskState.DELETING, SagaKind.DELETE, null, "delete", by);
      return server.toRecord();
    }
  }

  // ---- what the conductor writes

  @Override
  public void placed(Lease lease, ServerId id, HostName host, ClaimId claim) {
    synchronized (memory) {
      ServerEntity server = memory.serverOf(memory.hold(lease), id.value());
      memory.requireHeld(claim, server.id, host);
      server.host = host.value();
      server.claim = claim.value();
      if (server.task != TaskState.DELETING) {
        server.task = TaskState.SPAWNING;
      }
      server.updatedAt = memory.now;
    }
  }

  @Override
  public void running(Lease lease, ServerId id) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      ServerEntity server = memory.serverOf(saga, id.value());
      server.vmState = VmState.ACTIVE;
      server.power = PowerState.RUNNING;
      server.fault(null, memory.now);
      if (server.launchedAt == null) {
        server.launchedAt = memory.now;
      }
      memory.end(saga, server, Optional.empty());
    }
  }

  @Override
  public void paused(Lease lease, ServerId id) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      ServerEntity server = memory.serverOf(saga, id.value());
      server.vmState = VmState.PAUSED;
      server.power = PowerState.PAUSED;
      server.fault(null, memory.now);
      memory.end(saga, server, Optional.empty());
    }
  }

  @Override
  public void suspended(Lease lease, ServerId id) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      ServerEntity server = memory.serverOf(saga, id.value());
      server.vmState = VmState.SUSPENDED;
      server.power = PowerState.SHUTDOWN;
      server.fault(null, memory.now);
      memory.end(saga, server, Optional.empty());
    }
  }

  @Override
  public void stopped(Lease lease, ServerId id) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      ServerEntity server = memory.serverOf(saga, id.value());
      server.vmState = VmState.STOPPED;
      server.power = PowerState.SHUTDOWN;
      server.fault(null, memory.now);
      memory.end(saga, server, Optional.empty());
    }
  }

  @Override
  public void failed(
      Lease lease,
      ServerId id,
      VmState vmState,
      PowerState power,
      Failure failure,
      boolean release) {
    if (vmState == VmState.DELETED) {
      throw new IllegalArgumentException("a failed task leaves a server; use deleted");
    }
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      ServerEntity server = memory.serverOf(saga, id.value());
      server.vmState = vmState;
      server.power = power;
      server.fault(failure, memory.now);
      if (release) {
        server.host = null;
        server.claim = null;
        memory.releaseAllBut(server.id, null);
      }
      memory.end(saga, server, Optional.of(failure));
    }
  }

  @Override
  public void deleted(Lease lease, ServerId id) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      ServerEntity server = memory.serverOf(saga, id.value());
      server.vmState = VmState.DELETED;
      memory.volumes.values().stream()
          .filter(volume -> volume.server.equals(server.id) && volume.endedAt == null)
          .forEach(volume -> volume.detached(memory.now));
      memory.coldMigrations.values().stream()
          .filter(migration -> migration.server.equals(server.id) && migration.endedAt == null)
          .forEach(migration -> migration.gone(memory.now));
      server.power = PowerState.NOSTATE;
      server.terminatedAt = memory.now;
      server.claim = null;
      memory.releaseAllBut(server.id, null);
      memory.end(saga, server, Optional.empty());
    }
  }

  @Override
  public boolean guestEnded(ServerId id, HostName host) {
    synchronized (memory) {
      ServerEntity server = memory.servers.get(id.value());
      if (server == null
          || !Set.of(VmState.ACTIVE, VmState.PAUSED, VmState.RESIZED).contains(server.vmState)
          || server.task != null
          || !host.value().equals(server.host)) {
        return false;
      }
      server.vmState = server.vmState == VmState.RESIZED ? VmState.RESIZED : VmState.STOPPED;
      server.power = PowerState.SHUTDOWN;
      server.updatedAt = memory.now;
      return true;
    }
  }
}
