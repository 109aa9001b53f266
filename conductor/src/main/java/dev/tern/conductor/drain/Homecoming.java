package dev.tern.conductor.drain;

import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.Movable;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The way back: every server that a drain has moved, to the host that it had left. */
final class Homecoming {
  private final DrainRecord drain;
  private final Map<ServerId, DrainServer> rows;
  private final DrainFacts facts;
  private final Settling settling;
  private final DrainSettings settings;
  private final Instant now;
  private final Following following;
  private final Map<ServerId, ServerRecord> ready = new HashMap<>();
  private final List<DrainServer> next = new ArrayList<>();
  private Optional<String> waiting = Optional.empty();

  /**
   * @param rows are changed
   */
  Homecoming(
      DrainRecord drain,
      Map<ServerId, DrainServer> rows,
      DrainFacts facts,
      Settling settling,
      DrainSettings settings,
      Instant now) {
    this.drain = drain;
    this.rows = rows;
    this.facts = facts;
    this.settling = settling;
    this.settings = settings;
    this.now = now;
    this.following = new Following(rows, _ -> Optional.of(drain.host()), facts::servers);
  }

  /** Servers that may begin to come home now. */
  List<DrainServer> next() {
    return List.copyOf(next);
  }

  /** Why none does. */
  Optional<String> waiting() {
    return waiting;
  }

  /** The state the drain is in now; what is to begin is in {@link #next}. */
  State look() {
    rows.replaceAll((_, row) -> row.state() == ServerState.WAITING ? homeward(row) : row);
    if (rows.values().stream().allMatch(row -> row.state().settled())) {
      return State.RETURNED;
    }
    if (drain.paused()) {
      waiting = Optional.of("The drain is paused.");
      return State.RETURNING;
    }
    Optional<HostRecord> home = facts.host();
    if (home.isEmpty() || !home.get().up() || home.get().disabled()) {
      waiting =
          Optional.of(
              "%s is %s, so nothing can come home."
                  .formatted(
                      drain.host(), home.filter(HostRecord::up).isPresent() ? "disabled" : "down"));
      return State.RETURNING;
    }
    int most = drain.wishes().limits().in().orElse(settings.in());
    for (DrainServer row : inOrder()) {
      ServerRecord server = ready.get(row.server());
      if (server != null && row.due(now) && coming() < most) {
        following
            .waits(row, server)
            .ifPresentOrElse(
                why -> rows.put(row.server(), row.in(ServerState.WAITING, why)),
                () -> next.add(row));
      }
    }
    return State.RETURNING;
  }

  private DrainServer homeward(DrainServer row) {
    Optional<ServerRecord> server = facts.server(row.server());
    if (server.isEmpty()) {
      return row.in(ServerState.GONE, "The server was deleted.");
    }
    if (server.get().host().equals(Optional.of(drain.host()))) {
      return row.in(ServerState.GONE, "It is home already.");
    }
    if (!row.due(now)) {
      return row;
    }
    if (server.get().task().isPresent()) {
      return row.later(
          now.plus(Deciding.BUSY_REST),
          "It is busy (%s).".formatted(server.get().task().get().wire()),
          false,
          row.refused());
    }
    ready.put(row.server(), server.get());
    return Movable.against(server.get(), row.cold())
        .map(why -> settling.cannotMove(row, why))
        .or(() ->
            following.alone(server.get(), drain.host()).map(why -> row.in(ServerState.LEFT, why)))
        .orElse(row);
  }

  private List<DrainServer> inOrder() {
    return rows.values().stream().sorted(Comparator.comparingInt(DrainServer::place)).toList();
  }

  private long coming() {
    return next.size()
        + rows.values().stream().filter(row -> row.state() == ServerState.MOVING).count();
  }
}
