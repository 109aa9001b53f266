package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.Requests.Refusals;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Holds the flavors a fresh database has. */
final class InMemoryFlavorStore implements FlavorStore {
  private static final Comparator<FlavorRecord> BY_SIZE =
      Comparator.comparingLong(FlavorRecord::memoryMib).thenComparing(FlavorRecord::id);

  private final Memory memory;
  private final Map<String, FlavorRecord> all = new HashMap<>();

  InMemoryFlavorStore(Memory memory) {
    this.memory = memory;
    addThoseOfAFreshDatabase();
  }

  void clear() {
    all.clear();
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
      return all.remove(id) != null;
    }
  }
}
