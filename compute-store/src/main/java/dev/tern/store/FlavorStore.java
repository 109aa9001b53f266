package dev.tern.store;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Sizes a server can have. A fresh database has the five classic ones and {@code tern.tiny}. */
public interface FlavorStore {
  Optional<FlavorRecord> find(String id);

  /** Ordered by memory, then id; keyset paging after {@code marker}. */
  List<FlavorRecord> list(Optional<String> marker, int limit);

  /**
   * Adds a flavor; the first writer of an id or name wins.
   *
   * @throws dev.tern.contract.ComputeException of kind CONFLICT when id or name is taken
   */
  FlavorRecord create(FlavorRecord flavor);

  /** Removes a flavor; servers keep what they were made of. False when there is none of that id. */
  boolean delete(String id);

  record FlavorRecord(
      String id,
      String name,
      int vcpus,
      long memoryMib,
      int diskGib,
      int ephemeralGib,
      int swapMib,
      boolean isPublic,
      Map<String, String> extraSpecs,
      Optional<String> description) {
    public FlavorRecord {
      extraSpecs = Map.copyOf(extraSpecs);
    }

    /** The empty disks of a server that asks for none itself, in GiB: one, or none. */
    public List<Integer> ephemeralDisks() {
      return ephemeralGib == 0 ? List.of() : List.of(ephemeralGib);
    }
  }
}
