package dev.tern.api.fakes;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.FlavorStore;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

public final class InMemoryFlavors implements FlavorStore {
  private final List<FlavorRecord> all = new ArrayList<>();

  public synchronized void clear() {
    all.clear();
  }

  @Override
  public synchronized Optional<FlavorRecord> find(String id) {
    return all.stream().filter(f -> f.id().equals(id)).findFirst();
  }

  @Override
  public synchronized List<FlavorRecord> list(Optional<String> marker, int limit) {
    int from =
        marker.map(m -> all.stream().map(FlavorRecord::id).toList().indexOf(m) + 1).orElse(0);
    return all.stream().skip(from).limit(limit).toList();
  }

  @Override
  public synchronized FlavorRecord create(FlavorRecord flavor) {
    if (find(flavor.id()).isPresent()) {
      throw new ComputeException(ErrorCode.IMAGE_CONFLICT, "taken", null);
    }
    all.add(flavor);
    all.sort(Comparator.comparingLong(FlavorRecord::memoryMib).thenComparing(FlavorRecord::id));
    return flavor;
  }
}
