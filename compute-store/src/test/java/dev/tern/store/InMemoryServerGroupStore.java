package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.PlacementRules.Named;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

final class InMemoryServerGroupStore implements ServerGroupStore {
  private final Memory memory;

  InMemoryServerGroupStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public ServerGroupRecord create(NewGroup group, long most) {
    synchronized (memory) {
      if (most >= 0 && count(group.project()) >= most) {
        throw Groups.tooMany();
      }
      memory.groups.put(group.id(), ServerGroupEntity.of(group, memory.now));
      return new ServerGroupRecord(group, List.of());
    }
  }

  @Override
  public Optional<ServerGroupRecord> find(UUID id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.groups.get(id)).map(this::record);
    }
  }

  private ServerGroupRecord record(ServerGroupEntity group) {
    return new ServerGroupRecord(group.toGroup(), members(group.id));
  }

  List<ServerId> members(UUID group) {
    synchronized (memory) {
      return memory.servers.values().stream()
          .filter(each -> group.equals(each.group) && each.vmState != VmState.DELETED)
          .map(each -> new ServerId(each.id))
          .toList();
    }
  }

  @Override
  public List<ServerGroupRecord> list(Optional<String> project, int offset, int limit) {
    synchronized (memory) {
      return memory.groups.values().stream()
          .filter(each -> project.stream().allMatch(each.project::equals))
          .skip(offset)
          .limit(limit)
          .map(this::record)
          .toList();
    }
  }

  @Override
  public boolean delete(UUID id) {
    synchronized (memory) {
      memory.servers.values().stream()
          .filter(each -> id.equals(each.group))
          .forEach(each -> each.group = null);
      return memory.groups.remove(id) != null;
    }
  }

  @Override
  public int count(String project) {
    synchronized (memory) {
      return (int)
          memory.groups.values().stream().filter(each -> each.project.equals(project)).count();
    }
  }

  @Override
  public Map<ServerId, UUID> of(List<ServerId> servers) {
    synchronized (memory) {
      Map<ServerId, UUID> found = new HashMap<>();
      for (ServerId id : servers) {
        ServerEntity server = memory.servers.get(id.value());
        if (server != null && server.group != null) {
          found.put(id, server.group);
        }
      }
      return found;
    }
  }

  @Override
  public PlacementRules rules(ServerId id) {
    synchronized (memory) {
      ServerEntity server = memory.servers.get(id.value());
      if (server == null) {
        return PlacementRules.NONE;
      }
      return new PlacementRules(
          Optional.ofNullable(server.group).map(group -> rule(group, id)),
          Optional.ofNullable(server.availabilityZone),
          named(server.apartFrom).orElse(Named.NOBODY),
          named(server.nextTo),
          Groups.asks(server, flavorToBe(server), null));
    }
  }

  private String flavorToBe(ServerEntity server) {
    return memory.coldMigrations.values().stream()
        .filter(each -> each.server.equals(server.id) && each.endedAt == null)
        .filter(_ -> server.task == TaskState.RESIZE_PREP)
        .flatMap(each -> Optional.ofNullable(each.newFlavor).stream())
        .findFirst()
        .orElse(server.flavor);
  }

  private PlacementRules.Group rule(UUID id, ServerId server) {
    ServerGroupEntity group = Objects.requireNonNull(memory.groups.get(id));
    Map<ServerId, Set<HostName>> members = new HashMap<>();
    memory.servers.values().stream()
        .filter(each -> id.equals(each.group) && !each.id.equals(server.value()))
        .forEach(each -> members.put(new ServerId(each.id), hosts(each.id)));
    return new PlacementRules.Group(id, group.policy(), group.mostPerHost(), members);
  }

  private Set<HostName> hosts(UUID server) {
    Set<HostName> hosts = new HashSet<>();
    memory
        .claimsOf(server)
        .forEach(claim -> hosts.add(new HostName(Objects.requireNonNull(claim.host))));
    return hosts;
  }

  private Optional<Named> named(UUID @Nullable [] servers) {
    if (servers == null) {
      return Optional.empty();
    }
    Map<ServerId, Set<HostName>> places = new HashMap<>();
    Arrays.stream(servers).forEach(each -> places.put(new ServerId(each), hosts(each)));
    return Optional.of(new Named(places));
  }
}
