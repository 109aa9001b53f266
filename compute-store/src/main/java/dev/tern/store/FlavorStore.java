package dev.tern.store;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

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

  /**
   * Changes extra specs and description, under a lock; servers keep what they were made of.
   *
   * @return empty when there is no such flavor
   */
  Optional<FlavorRecord> change(String id, UnaryOperator<FlavorRecord> how);

  /** Projects that may use a flavor that is not public, by name. */
  List<String> access(String id);

  /** Flavors that are not public and that a project may use. */
  Set<String> accessible(String project);

  /** Lets a project use a flavor, which is there. False when it might already. */
  boolean grant(String id, String project);

  /** Lets it no longer. False when it might not. */
  boolean revoke(String id, String project);

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

    public FlavorRecord with(Map<String, String> specs) {
      return new FlavorRecord(
          id, name, vcpus, memoryMib, diskGib, ephemeralGib, swapMib, isPublic, specs, description);
    }

    public FlavorRecord with(Optional<String> itsDescription) {
      return new FlavorRecord(
          id,
          name,
          vcpus,
          memoryMib,
          diskGib,
          ephemeralGib,
          swapMib,
          isPublic,
          extraSpecs,
          itsDescription);
    }

    /** The empty disks of a server that asks for none itself, in GiB: one, or none. */
    public List<Integer> ephemeralDisks() {
      return ephemeralGib == 0 ? List.of() : List.of(ephemeralGib);
    }
  }
}
