package dev.tern.conductor.drain;

import dev.tern.conductor.drain.Deciding.Start;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What leaves a host that is emptied now, and why the rest does not. */
final class Beginning {
  private final DrainRecord drain;
  private final Map<ServerId, DrainServer> rows;
  private final DrainFacts facts;
  private final Settling settling;
  private final DrainSettings settings;
  private final Supplier<MigrationId> newIds;
  private final Instant now;
  private final List<Start> starts = new ArrayList<>();
  private final Set<ServerId> late = new HashSet<>();
  private final Map<ServerId, ServerRecord> ready = new HashMap<>();
  private Optional<String> waiting = Optional.empty();

  /**
   * @param rows are changed
   */
  Beginning(
      DrainRecord drain,
      Map<ServerId, DrainServer> rows,
      DrainFacts facts,
      Settling settling,
      DrainSettings settings,
      Supplier<MigrationId> newIds,
      Instant now) {
    this.drain = drain;
    this.rows = rows;
    this.facts = facts;
    this.settling = settling;
    this.settings = settings;
    this.newIds = newIds;
    this.now = now;
  }

  /** Nothing is against the beginning of this one but limits. */
  void ready(ServerRecord server) {
    ready.put(server.id(), server);
  }

  /** Those that could begin now. */
  Set<ServerId> ready() {
    return Set.copyOf(ready.keySet());
  }

  /** How many more may move at once. */
  int slots() {
    return drain.wishes().limits().out().orElse(settings.out())
        - Math.toIntExact(
            rows.values().stream().filter(row -> row.state() == ServerState.MOVING).count());
  }

  List<Start> starts() {
    return List.copyOf(starts);
  }

  /** Those that would begin if they could end before the deadline. */
  Set<ServerId> late() {
    return Set.copyOf(late);
  }

  /** Why nothing is begun, when there is something to say of it. */
  Optional<String> waiting() {
    return waiting;
  }

  /**
   * Chooses what begins by this plan, as many as the limits allow, and says of the others why not.
   */
  void choose(Map<ServerId, PlannedMove> moves) {
    if (drain.paused()) {
      waiting = Optional.of("The drain is paused.");
      return;
    }
    if (!facts.hostIsUp()) {
      waiting = Optional.of(Planning.silent(drain.host(), facts.host()));
      return;
    }
    Following following = new Following(rows, other -> target(other, moves), facts::servers);
    int slots = slots();
    // A start that has to wait for a place at its target would take the place of one that need not.
    Map<HostName, Integer> arriving =
        slots > 0 && !ready.isEmpty() ? facts.arriving(targets(moves)) : Map.of();
    List<DrainServer> inOrder =
        rows.values().stream().sorted(Comparator.comparingInt(DrainServer::place)).toList();
    for (DrainServer row : inOrder) {
      ServerRecord server = ready.get(row.server());
      if (server == null || !row.due(now) || slots <= starts.size()) {
        continue;
      }
      Optional<PlannedMove> move = Optional.ofNullable(moves.get(row.server()));
      Optional<String> tooLate = tooLate(move);
      Optional<String> follows = following.waits(row, server);
      if (follows.isPresent()) {
        rows.put(row.server(), row.in(ServerState.WAITING, follows.get()));
      } else if (tooLate.isPresent()) {
        late.add(row.server());
        rows.put(row.server(), row.in(ServerState.WAITING, tooLate.get()));
      } else {
        start(row, move, arriving);
      }
    }
  }

  private static Optional<HostName> target(ServerId server, Map<ServerId, PlannedMove> moves) {
    return Optional.ofNullable(moves.get(server)).flatMap(PlannedMove::target);
  }

  private Optional<String> tooLate(Optional<PlannedMove> move) {
    Duration takes = move.map(PlannedMove::takes).orElse(Duration.ZERO);
    return drain
        .wishes()
        .deadline()
        .filter(deadline -> now.plus(takes).isAfter(deadline))
        .map(deadline ->
            "Not begun: it needs about %d s, and the deadline is %s."
                .formatted(takes.toSeconds(), deadline));
  }

  private Set<HostName> targets(Map<ServerId, PlannedMove> moves) {
    return ready.keySet().stream()
        .flatMap(server -> Optional.ofNullable(moves.get(server)).stream())
        .flatMap(move -> move.target().stream())
        .collect(Collectors.toSet());
  }

  private void start(DrainServer row, Optional<PlannedMove> move, Map<HostName, Integer> arriving) {
    Optional<HostName> target = move.flatMap(PlannedMove::target);
    if (target.isEmpty()) {
      String why =
          "No host can take it. " + move.map(PlannedMove::reason).orElse("It is not planned yet.");
      // Those that refused it before may have become better ones.
      rows.put(
          row.server(),
          settling.refusedLive(row)
              ? settling.cannotMove(row, why)
              : settling.again(row, why, true, Map.of()));
      waiting = Optional.of(why);
    } else if (Math.max(moving(target.get()), arriving.getOrDefault(target.get(), 0))
            + starting(target.get())
        < drain.wishes().limits().in().orElse(settings.in())) {
      starts.add(new Start(row, newIds.get(), target.get()));
    }
  }

  private long moving(HostName target) {
    return rows.values().stream()
        .filter(row -> row.state() == ServerState.MOVING)
        .filter(row -> row.target().equals(Optional.of(target)))
        .count();
  }

  private long starting(HostName target) {
    return starts.stream().filter(start -> start.target().equals(target)).count();
  }
}
