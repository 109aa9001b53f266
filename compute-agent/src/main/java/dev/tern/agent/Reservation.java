package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Room on this host's disks that is promised to one server and not written yet.
 *
 * @param migration empty when the server is built here
 * @param diskBytes that its disks may come to take on the file system of the instances
 * @param layers bytes of each file in {@code _base} that it needs, by digest
 * @param storages bytes in each storage on a file system of its own; older agents promised none
 */
record Reservation(
    ServerId server,
    long epoch,
    String migration,
    long diskBytes,
    Map<String, Long> layers,
    Instant since,
    @Nullable Map<String, Long> storages) {
  Reservation {
    layers = Map.copyOf(layers);
    storages = storages == null ? Map.of() : Map.copyOf(storages);
  }

  @Override
  public Map<String, Long> storages() {
    return Objects.requireNonNull(storages);
  }

  static Reservation of(Header header, DiskNeeds needs, Map<String, Long> layers, Instant now) {
    return new Reservation(
        header.server(),
        header.epoch(),
        header.migration().map(Object::toString).orElse(""),
        needs.own(),
        layers,
        now,
        needs.storages());
  }

  Reservation with(String layer, long bytes) {
    Map<String, Long> more = new HashMap<>(layers);
    more.put(layer, bytes);
    return new Reservation(server, epoch, migration, diskBytes, more, since, storages);
  }

  /** For people: who has how much; empty when nobody has any. */
  static String promisedTo(Map<Reservation, Long> others) {
    String whom =
        others.entrySet().stream()
            .filter(other -> other.getValue() > 0)
            .map(other -> "%d by %s".formatted(other.getValue(), other.getKey().who()))
            .collect(Collectors.joining(", "));
    return whom.isEmpty() ? "" : "; reserved: " + whom;
  }

  private String who() {
    return migration.isEmpty()
        ? "server %s, being built".formatted(server)
        : "migration %s of server %s".formatted(migration, server);
  }
}
