package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.Requests.Refusals;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Holds the flavors a fresh database has. */
final class InMemoryFlavorStore implements FlavorStore {
  private static final Comparator<FlavorRecord> BY_SIZE =
      Comparator.comparingLong(FlavorRecord::memoryMib).thenComparing(FlavorRecord::id);

  private final Memory memory;
  private final Map<String, FlavorRecord> all = new HashMap<>();
  private final Map<String, SortedSet<String>> access = new HashMap<>();

  InMemoryFlavorStore(Memory memory) {
    this.memory = memory;
    addThoseOfAFreshDatabase();
  }

  void clear() {
    all.clear();
    access.clear();
    addThoseOfAFreshDatabase();
  }

  private void addThoseOfAFreshDatabase() {
    add("t", "tern.tiny", 1, 128, 1);
    add("1", "m1.tiny", 1, 512, 1);
    add("2", "m1.small", 1, 2048, 20);
    add("3", "m1.medium", 2, 4096, 40);
    add("4", "m1.large", 4, 8192, 80);
    add("5", "m1.xlarge", 8, 16384, 160);
  }

  private void add(String id, String name, int vcpus, long memoryMib, int diskGib) {
    all.put(
        id,
        new FlavorRecord(
            id, name, vcpus, memoryMib, diskGib, 0, 0, true, Map.of(), Optional.empty()));
  }

  @Override
  public Optional<FlavorRecord> find(String id) {
    synchronized (memory) {
      return Optional.ofNullable(all.get(id));
    }
  }

  @Override
  public List<FlavorRecord> list(Optional<String> marker, int limit) {
    synchronized (memory) {
      Optional<FlavorRecord> after =
          marker.map(id -> find(id).orElseThrow(() -> Refusals.noMarker(id)));
      return all.values().stream()
          .sorted(BY_SIZE)
          .filter(each -> after.stream().allMatch(last -> BY_SIZE.compare(each, last) > 0))
          .limit(limit)
          .toList();
    }
  }

  @Override
  public FlavorRecord create(FlavorRecord flavor) {
    synchronized (memory) {
      boolean taken =
          all.values().stream()
              .anyMatch(each -> each.id().equals(flavor.id()) || each.name().equals(flavor.name()));
      if (taken) {
        throw new ComputeException(
            ErrorCode.FLAVOR_EXISTS,
            "Flavor with ID %s or name %s already exists.".formatted(flavor.id(), flavor.name()),
            null);
      }
      all.put(flavor.id(), flavor);
      return flavor;
    }
  }

  @Override
  public boolean delete(String id) {
    synchronized (memory) {
      access.remove(id);
      return all.remove(id) != null;
    }
  }

  @Override
  public Optional<FlavorRecord> change(String id, UnaryOperator<FlavorRecord> how) {
    synchronized (memory) {
      Optional<FlavorRecord> changed = find(id).map(how);
      changed.ifPresent(flavor -> all.put(id, flavor));
      return changed;
    }
  }

  @Override
  public List<String> access(String id) {
    synchronized (memory) {
      return access.getOrDefault(id, new TreeSet<>()).stream().toList();
    }
  }

  @Override
  public Set<String> accessible(String project) {
    synchronized (memory) {
      return access.entrySet().stream()
          .filter(each -> each.getValue().contains(project))
          .map(Map.Entry::getKey)
          .collect(Collectors.toSet());
    }
  }

  @Override
  public boolean grant(String id, String project) {
    synchronized (memory) {
      if (!all.containsKey(id)) {
        throw new IllegalStateException("there is no flavor " + id);
      }
      return access.computeIfAbsent(id, _ -> new TreeSet<>()).add(project);
    }
  }

  @Override
  public boolean revoke(String id, String project) {
    synchronized (memory) {
      return access.getOrDefault(id, new TreeSet<>()).remove(project);
    }
  }
}
