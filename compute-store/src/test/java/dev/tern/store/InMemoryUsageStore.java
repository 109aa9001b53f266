package dev.tern.store;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

final class InMemoryUsageStore implements UsageStore {
  private final Memory memory;

  InMemoryUsageStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public List<Lifetime> lifetimes(
      Optional<String> project, Instant from, Instant to, Optional<UUID> after, int limit) {
    synchronized (memory) {
      return memory.servers.values().stream()
          .filter(each -> each.launchedAt != null && each.launchedAt.isBefore(to))
          .filter(each -> each.terminatedAt == null || !each.terminatedAt.isBefore(from))
          .filter(each -> project.stream().allMatch(each.project::equals))
          .filter(each -> after.stream().allMatch(id -> text(each.id).compareTo(text(id)) > 0))
          .sorted(Comparator.comparing(each -> text(each.id)))
          .limit(limit)
          .map(each -> HibernateUsageStore.of(each.toRecord()))
          .toList();
    }
  }

  /** The database orders ids by their bytes. */
  private static String text(UUID id) {
    return id.toString();
  }
}
