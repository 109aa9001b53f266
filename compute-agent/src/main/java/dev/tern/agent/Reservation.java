package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Room on this host's disk that is promised to one server and not written yet.
 *
 * @param migration empty when the server is built here
 * @param diskBytes that its disks may come to take
 * @param layers bytes of each file in {@code _base} that it needs, by digest
 */
record Reservation(
    ServerId server,
    long epoch,
    String migration,
    long diskBytes,
    Map<String, Long> layers,
    Instant since) {
  Reservation {
    layers = Map.copyOf(layers);
  }

  static Reservation of(Header header, long diskBytes, Map<String, Long> layers, Instant now) {
    return new Reservation(
        header.server(),
        header.epoch(),
        header.migration().map(Object::toString).orElse(""),
        diskBytes,
        layers,
        now);
  }

  Reservation with(String layer, long bytes) {
    Map<String, Long> more = new HashMap<>(layers);
    more.put(layer, bytes);
    return new Reservation(server, epoch, migration, diskBytes, more, since);
  }

  /** For people. */
  String who() {
    return migration.isEmpty()
        ? "server %s, being built".formatted(server)
        : "migration %s of server %s".formatted(migration, server);
  }
}
