package dev.tern.store;

import dev.tern.contract.HostName;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Hosts that belong together, and by that the availability zones: a host is in the zone that its
 * aggregates' metadata name, which is one at most. Changes come one after the other.
 */
public interface AggregateStore {
  /** The metadata's key that makes an aggregate a zone. */
  String ZONE = "availability_zone";

  /** The zone of hosts that are in no other. */
  String DEFAULT_ZONE = "nova";

  /**
   * Makes an empty aggregate.
   *
   * @throws dev.tern.contract.ComputeException {@code AGGREGATE_EXISTS}
   */
  Aggregate create(UUID uuid, String name, Optional<String> zone);

  Optional<Aggregate> find(int number);

  /** All; operators have few of them. */
  List<Aggregate> list();

  /**
   * Changes name or zone.
   *
   * @throws dev.tern.contract.ComputeException {@code AGGREGATE_NOT_FOUND}, {@code
   *     AGGREGATE_EXISTS}, or {@code INVALID_AGGREGATE_ACTION} when a host would be in two zones,
   *     or servers would change theirs
   */
  Aggregate update(int number, Optional<String> name, Optional<String> zone);

  /**
   * Sets and removes metadata; what is not named stays.
   *
   * @param changes an empty value removes its key
   * @throws dev.tern.contract.ComputeException as for update
   */
  Aggregate setMetadata(int number, Map<String, Optional<String>> changes);

  /**
   * Removes an empty aggregate.
   *
   * @throws dev.tern.contract.ComputeException {@code AGGREGATE_NOT_FOUND}, or {@code
   *     INVALID_AGGREGATE_ACTION} while hosts are in it
   */
  void delete(int number);

  /**
   * Puts a host in.
   *
   * @throws dev.tern.contract.ComputeException {@code AGGREGATE_NOT_FOUND} also for the host,
   *     {@code AGGREGATE_HOST_CONFLICT} when it is in, or would be in two zones, or its servers
   *     would change theirs
   */
  Aggregate addHost(int number, HostName host);

  /**
   * Takes a host out.
   *
   * @throws dev.tern.contract.ComputeException {@code AGGREGATE_NOT_FOUND} also for the host,
   *     {@code AGGREGATE_HOST_CONFLICT} when its servers would change their zone
   */
  Aggregate removeHost(int number, HostName host);

  /** The zones of hosts that are in one; the others are in {@link #DEFAULT_ZONE}. */
  Map<HostName, String> zones();

  /** The zones of those of these hosts that are in one; costs what these hosts cost. */
  Map<HostName, String> zones(Collection<HostName> hosts);

  /** An aggregate. */
  record Aggregate(
      int number,
      UUID uuid,
      String name,
      Map<String, String> metadata,
      List<HostName> hosts,
      Instant createdAt,
      Optional<Instant> updatedAt) {
    public Aggregate {
      metadata = Map.copyOf(metadata);
      hosts = List.copyOf(hosts);
    }

    public Optional<String> zone() {
      return Optional.ofNullable(metadata.get(ZONE));
    }
  }
}
