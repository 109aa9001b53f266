package dev.tern.standalone;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How to run all of Tern on this machine.
 *
 * @param data where everything is kept; one form at a time
 * @param hosts agents to start, {@code host-1} and on, on addresses of a loopback network of their
 *     own
 * @param port of the API on 127.0.0.1; 0 chooses a free one
 * @param amqp an outside broker instead of an own one
 * @param db an outside PostgreSQL, as a JDBC URL with user and password, instead of an own one
 * @param processes each service in its own process, so that one can be killed by hand
 * @param properties settings for all services, by full name, that go before the form's own
 */
public record FormSettings(
    Path data,
    int hosts,
    int port,
    Optional<String> amqp,
    Optional<String> db,
    boolean processes,
    Map<String, String> properties) {

  static final int MOST_HOSTS = 200;

  public FormSettings {
    if (hosts < 1 || hosts > MOST_HOSTS) {
      throw new IllegalArgumentException("hosts: from 1 to " + MOST_HOSTS + ", not " + hosts);
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port: from 0 to 65535, not " + port);
    }
    data = data.toAbsolutePath().normalize();
    properties = Map.copyOf(properties);
  }

  /** With more settings for the services; those that were asked for go before them. */
  FormSettings with(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.putAll(properties);
    return new FormSettings(data, hosts, port, amqp, db, processes, all);
  }
}
