package dev.tern.store;

import dev.tern.contract.VmState;
import dev.tern.store.ServerStore.Usage;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

final class InMemoryQuotaStore implements QuotaStore {
  private final Memory memory;

  InMemoryQuotaStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public Map<Resource, Long> set(Kind kind, String owner) {
    synchronized (memory) {
      return Map.copyOf(memory.quotas.getOrDefault(kind + ":" + owner, Map.of()));
    }
  }

  @Override
  public void put(Kind kind, String owner, Map<Resource, Long> limits) {
    synchronized (memory) {
      memory
          .quotas
          .computeIfAbsent(kind + ":" + owner, _ -> new EnumMap<>(Resource.class))
          .putAll(limits);
    }
  }

  @Override
  public void forget(String project) {
    synchronized (memory) {
      memory.quotas.remove(Kind.PROJECT + ":" + project);
    }
  }

  @Override
  public Map<Resource, Long> limits(String project, Map<Resource, Long> usual) {
    Map<Resource, Long> limits = new EnumMap<>(Resource.class);
    limits.putAll(usual);
    limits.putAll(set(Kind.QUOTA_CLASS, "default"));
    limits.putAll(set(Kind.PROJECT, project));
    return limits;
  }

  @Override
  public Usage usage(String project) {
    synchronized (memory) {
      List<ServerEntity> servers =
          memory.servers.values().stream()
              .filter(each -> each.project.equals(project) && each.vmState != VmState.DELETED)
              .toList();
      return new Usage(
          servers.size(),
          servers.stream().mapToInt(each -> each.vcpus).sum(),
          servers.stream().mapToLong(each -> each.memoryMib).sum());
    }
  }
}
