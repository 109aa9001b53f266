package dev.tern.conductor.drain;

import dev.tern.conductor.drain.Finding.Unanswered;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.Movable;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A look at a job that moves a few servers, to relieve a host or to even out all of them. What
 * moves where is chosen once; a host that refuses its server is tried again after a rest, and then
 * the server stays.
 */
final class FewMoves {
  /** Begun at one look at most. */
  private static final int AT_A_TIME = 20;

  private final DrainRecord drain;
  private final Map<ServerId, DrainServer> rows;
  private final DrainFacts facts;
  private final Finding finding;
  private final DrainSettings settings;
  private final Instant now;
  private final Map<DrainServer, HostName> next = new LinkedHashMap<>();
  private final Map<ServerId, HostName> targets = new HashMap<>();
  private final Following following;
  private Optional<Plan> plan;
  private Optional<String> waiting = Optional.empty();

  /**
   * @param rows are changed
   */
  FewMoves(
      DrainRecord drain,
      Map<ServerId, DrainServer> rows,
      DrainFacts facts,
      Finding finding,
      DrainSettings settings,
      Instant now) {
    this.drain = drain;
    this.rows = rows;
    this.facts = facts;
    this.finding = finding;
    this.settings = settings;
    this.now = now;
    this.following =
        new Following(rows, server -> Optional.ofNullable(targets.get(server)), facts::servers);
    this.plan = drain.plan();
  }

  Optional<Plan> plan() {
    return plan;
  }

  /** Why nothing is begun. */
  Optional<String> waiting() {
    return waiting;
  }

  /** Servers that may begin now, and where to. */
  Map<DrainServer, HostName> next() {
    return next;
  }

  /** The state the job is in now. */
  State look() throws InterruptedException {
    boolean enough = true;
    if (plan.isEmpty()) {
      try {
        FewMovesPlan choosing = new FewMovesPlan(drain, facts, finding, settings, now);
        plan = Optional.of(choosing.choose());
        enough = choosing.reached();
      } catch (Unanswered e) {
        waiting = Optional.of(e.why());
        return drain.state();
      }
      if (drain.state() == State.PLANNING) {
        return State.PLANNED;
      }
      for (PlannedMove move : moves()) {
        rows.put(move.server(), DrainServer.waiting(move.server(), Leg.OUT, rows.size()));
      }
    }
    moves().forEach(move -> move.target().ifPresent(to -> targets.put(move.server(), to)));
    if (!drain.paused()) {
      rows.replaceAll((server, row) ->
          row.due(now) ? looked(row, Optional.ofNullable(targets.get(server))) : row);
    }
    if (rows.values().stream().allMatch(row -> row.state().settled())) {
      boolean all = rows.values().stream().noneMatch(row -> row.state() == ServerState.LEFT);
      return all && enough ? State.DRAINED : State.INCOMPLETE;
    }
    if (drain.paused()) {
      waiting = Optional.of("The drain is paused.");
    } else {
      begin();
    }
    return State.DRAINING;
  }

  private List<PlannedMove> moves() {
    return plan.map(Plan::moves).orElse(List.of());
  }

  private DrainServer looked(DrainServer row, Optional<HostName> target) {
    Optional<ServerRecord> found = facts.server(row.server());
    if (found.isEmpty()) {
      return row.in(ServerState.GONE, "The server was deleted.");
    }
    ServerRecord server = found.get();
    if (target.isEmpty() || server.host().equals(target)) {
      return row.in(ServerState.GONE, "It is there already.");
    }
    if (server.lock().isPresent()) {
      return row.in(ServerState.LEFT, "It is locked.");
    }
    if (server.task().isPresent()) {
      return row.later(
          now.plus(Deciding.BUSY_REST),
          "It is busy (%s).".formatted(server.task().get().wire()),
          false,
          row.refused());
    }
    if (!facts.open(List.of(target.get()))) {
      return row.in(
          ServerState.LEFT,
          "%s takes no servers any more. Ask again for another choice.".formatted(target.get()));
    }
    return Movable.against(server, false)
        .or(() -> following.alone(server, target.get()))
        .map(why -> row.in(ServerState.LEFT, why))
        .orElse(row);
  }

  private void begin() {
    Map<HostName, Integer> leaving = new HashMap<>();
    Map<HostName, Integer> arriving = new HashMap<>();
    rows.values().stream()
        .filter(row -> row.state() == ServerState.MOVING)
        .forEach(row -> {
          row.from().ifPresent(host -> leaving.merge(host, 1, Integer::sum));
          row.target().ifPresent(host -> arriving.merge(host, 1, Integer::sum));
        });
    int out = drain.wishes().limits().out().orElse(settings.out());
    int in = drain.wishes().limits().in().orElse(settings.in());
    rows.values().stream()
        .filter(row -> row.due(now))
        .sorted(Comparator.comparingInt(DrainServer::place))
        .toList()
        .forEach(row -> {
          Optional<ServerRecord> server = facts.server(row.server());
          Optional<String> waits = server.flatMap(found -> following.waits(row, found));
          waits.ifPresent(why -> rows.put(row.server(), row.in(ServerState.WAITING, why)));
          Optional<HostName> from = server.flatMap(ServerRecord::host);
          Optional<HostName> to = Optional.ofNullable(targets.get(row.server()));
          if (from.isPresent()
              && to.isPresent()
              && waits.isEmpty()
              && next.size() < AT_A_TIME
              && leaving.getOrDefault(from.get(), 0) < out
              && arriving.getOrDefault(to.get(), 0) < in) {
            leaving.merge(from.get(), 1, Integer::sum);
            arriving.merge(to.get(), 1, Integer::sum);
            next.put(row, to.get());
          }
        });
  }
}
