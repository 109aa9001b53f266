package dev.tern.conductor.drain;

import dev.tern.conductor.drain.Finding.Found;
import dev.tern.conductor.drain.Finding.Unanswered;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.Movable;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The plan of a drain that empties a host: whether it still holds, and the next one. */
final class Planning {
  private final DrainRecord drain;
  private final Map<ServerId, DrainServer> rows;
  private final DrainFacts facts;
  private final Settling settling;
  private final Finding finding;
  private final DrainSettings settings;
  private final Instant now;
  private Optional<Plan> plan;

  /**
   * @param rows the servers as they are at each moment
   */
  Planning(
      DrainRecord drain,
      Map<ServerId, DrainServer> rows,
      DrainFacts facts,
      Settling settling,
      Finding finding,
      DrainSettings settings,
      Instant now) {
    this.drain = drain;
    this.rows = rows;
    this.facts = facts;
    this.settling = settling;
    this.finding = finding;
    this.settings = settings;
    this.now = now;
    this.plan = drain.plan();
  }

  Optional<Plan> plan() {
    return plan;
  }

  /** Each server's part in it. */
  Map<ServerId, PlannedMove> moves() {
    return plan.map(Plan::moves).orElse(List.of()).stream()
        .collect(Collectors.toMap(PlannedMove::server, move -> move, (_, last) -> last));
  }

  /** Whether these, which could begin now, can go by it. */
  boolean holds(Collection<ServerId> ready) {
    if (plan.isEmpty()) {
      return false;
    }
    Map<ServerId, PlannedMove> moves = moves();
    Set<HostName> targets = new HashSet<>();
    for (ServerId server : ready) {
      Optional<PlannedMove> move = Optional.ofNullable(moves.get(server));
      Optional<HostName> target = move.flatMap(PlannedMove::target);
      DrainServer row = Optional.ofNullable(rows.get(server)).orElseThrow();
      if (target.isEmpty()
          || row.refused().containsKey(target.get())
          || move.flatMap(PlannedMove::cold).isPresent() != row.cold()) {
        return false;
      }
      targets.add(target.get());
    }
    return facts.open(targets);
  }

  /** A new plan; the one before stays when nobody could say. */
  void make() throws Unanswered, InterruptedException {
    List<Guest> waitingOnes = new ArrayList<>();
    Map<ServerId, PlannedMove> moves = moves();
    Map<ServerId, String> unmovable = new LinkedHashMap<>();
    Map<ServerId, ServerRecord> all =
        facts.servers(
            rows.values().stream()
                .filter(row -> waits(row) || cannotMove(row))
                .map(DrainServer::server)
                .toList());
    for (DrainServer row : rows.values()) {
      boolean cannot = cannotMove(row);
      Optional<ServerRecord> server = Optional.ofNullable(all.get(row.server()));
      if (server.isPresent()) {
        ServerRecord found = server.get();
        Optional<String> cold = cannot ? Optional.empty() : settling.cold(row, found);
        Optional<Long> known =
            Optional.ofNullable(moves.get(found.id()))
                .filter(move -> move.cold().isPresent() == cold.isPresent())
                .map(PlannedMove::bytes);
        waitingOnes.add(facts.guest(found, row.refused(), cold, known));
        Optional<String> why =
            cannot ? Optional.of(row.reason()) : Movable.against(found, cold.isPresent());
        why.ifPresent(words -> unmovable.put(found.id(), words));
      }
    }
    Optional<HostRecord> source = facts.host();
    if (source.isEmpty()) {
      throw new Unanswered(silent(drain.host(), source));
    }
    List<Guest> movable =
        Planner.largestFirst(
            waitingOnes.stream().filter(guest -> !unmovable.containsKey(guest.id())).toList());
    Map<ServerId, Found> found =
        movable.isEmpty()
            ? Map.of()
            : finding.find(movable, source.get(), drain.wishes().targets());
    Map<ServerId, GuestWrites> writes =
        source.get().up() ? facts.writes(Map.of(drain.host(), live(movable)), now) : Map.of();
    plan = Optional.of(planner(writes).plan(waitingOnes, found, unmovable, now, plan));
  }

  private Planner planner(Map<ServerId, GuestWrites> writes) {
    int lanes = drain.wishes().limits().out().orElse(settings.out());
    Optional<Long> share =
        drain.wishes().limits().bytesPerSecond().map(all -> Math.max(1, all / lanes));
    return new Planner(drain.wishes(), Pace.of(facts.link(), writes, share), lanes);
  }

  /** Those whose guests write while they move. */
  private static List<ServerId> live(List<Guest> guests) {
    return guests.stream().filter(guest -> guest.cold().isEmpty()).map(Guest::id).toList();
  }

  private static boolean waits(DrainServer row) {
    return row.state() == ServerState.WAITING;
  }

  private static boolean cannotMove(DrainServer row) {
    return row.state() == ServerState.LEFT || row.state() == ServerState.ASKING;
  }

  static String silent(HostName host, Optional<HostRecord> record) {
    return "%s does not answer%s, so nothing can leave it. The drain goes on when it does."
        .formatted(
            host, record.map(known -> " (last heard of at " + known.lastSeen() + ")").orElse(""));
  }
}
