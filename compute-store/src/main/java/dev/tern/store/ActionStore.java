package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Instance actions: what was asked of a server, and the events of carrying it out. Kept after the
 * server is deleted.
 */
public interface ActionStore {
  List<ActionRecord> list(ServerId server);

  Optional<ActionRecord> find(ServerId server, RequestId request);

  /** Opens an event of an action. Opening it again is one event. */
  void begin(ServerId server, RequestId request, String event, Optional<HostName> host);

  /**
   * Closes an event.
   *
   * @param error the reason, when it failed
   */
  void end(ServerId server, RequestId request, String event, Optional<String> error);

  /**
   * See the parameters.
   *
   * @param message {@code Error} when any event failed, as in Nova
   */
  record ActionRecord(
      ServerId server,
      RequestId request,
      String action,
      String user,
      String project,
      Instant startedAt,
      Instant updatedAt,
      Optional<String> message,
      List<EventRecord> events) {
    public ActionRecord {
      events = List.copyOf(events);
    }
  }

  record EventRecord(
      String event,
      Optional<HostName> host,
      Instant startedAt,
      Optional<Instant> finishedAt,
      Optional<String> result,
      Optional<String> details) {}
}
