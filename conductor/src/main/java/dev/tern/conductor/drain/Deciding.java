package dev.tern.conductor.drain;

import dev.tern.conductor.drain.Finding.Unanswered;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Occupancy;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Movable;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** One look at a drain: what has happened to its servers, and what is to be done next. */
final class Deciding {
  static final Duration BUSY_REST = Duration.ofSeconds(2);
  private static final int LOOK_AHEAD = 20;

  private final DrainRecord drain;
  private final Map<ServerId, DrainServer> before;
  private final Map<ServerId, DrainServer> rows = new LinkedHashMap<>();
  private final Leg leg;
  private final DrainFacts facts;
  private final Finding finding;
  private final DrainSettings settings;
  private final Supplier<MigrationId> newIds;
  private final Instant now;
  private final Settling settling;
  private final Planning planning;
  private final Beginning beginning;
  private final List<Start> starts = new ArrayList<>();
  private final List<ServerId> stops = new ArrayList<>();

  private Optional<Plan> plan;
  private Optional<String> waiting = Optional.empty();

  Deciding(
      DrainRecord drain,
      List<DrainServer> all,
      DrainFacts facts,
      Finding finding,
      DrainSettings settings,
      Supplier<MigrationId> newIds,
      Instant now) {
    this.drain = drain;
    this.facts = facts;
    this.finding = finding;
    this.settings = settings;
    this.newIds = newIds;
    this.now = now;
    this.plan = drain.plan();
    this.leg = all.stream().anyMatch(row -> row.leg() == Leg.HOME) ? Leg.HOME : Leg.OUT;
    all.stream().filter(row -> row.leg() == leg).forEach(row -> rows.put(row.server(), row));
    this.before = Map.copyOf(rows);
    this.settling = new Settling(drain, leg, facts, settings, now);
    this.planning = new Planning(drain, rows, facts, settling, finding, settings, now);
    this.beginning = new Beginning(drain, rows, facts, settling, settings, newIds, now);
  }

  /** A migration to ask for. */
  record Start(DrainServer row, MigrationId migration, HostName target) {}

  /**
   * What is to be done, in this order.
   *
   * @param progress to write, unless it is what is written already
   */
  record Decision(
      Optional<Progress> progress,
      List<MigrationRecord> aborts,
      List<ServerId> confirms,
      List<ServerId> stops,
      List<Start> starts) {}

  Decision decide() throws InterruptedException {
    rows.replaceAll((_, row) -> row.state() == ServerState.MOVING ? settling.settled(row) : row);
    State state =
        switch (drain.state()) {
          case PLANNING -> drain.purpose() == Purpose.EMPTY ? planned() : fewMoves();
          case DRAINING -> drain.purpose() == Purpose.EMPTY ? draining() : fewMoves();
          case RETURNING -> returning();
          case PLANNED, DRAINED, INCOMPLETE, CANCELLED, RETURNED -> drain.state();
        };
    List<DrainServer> changed =
        rows.values().stream().filter(row -> !row.equals(before.get(row.server()))).toList();
    boolean same =
        changed.isEmpty()
            && state == drain.state()
            && plan.equals(drain.plan())
            && waiting.equals(drain.waiting());
    return new Decision(
        same ? Optional.empty() : Optional.of(new Progress(state, plan, waiting, changed)),
        settling.aborts(),
        settling.confirms(),
        stops,
        starts);
  }

  // ---- out

  private State planned() throws InterruptedException {
    takeIn(facts.occupancy());
    State next = plan() ? State.PLANNED : State.PLANNING;
    rows.clear();
    return next;
  }

  /** Makes a plan, or says why there is none. */
  private boolean plan() throws InterruptedException {
    try {
      planning.make();
      plan = planning.plan();
      return true;
    } catch (Unanswered e) {
      waiting = Optional.of(e.why());
      return false;
    }
  }

  private State draining() throws InterruptedException {
    Occupancy occupancy = facts.occupancy();
    takeIn(occupancy);
    rows.replaceAll((_, row) -> row.state() == ServerState.STOPPING ? stopped(row) : row);
    lookAtNext();
    if (planning.holds(beginning.ready()) || plan()) {
      orderByPlan();
      beginning.choose(planning.moves());
      starts.addAll(beginning.starts());
      beginning.waiting().ifPresent(why -> waiting = Optional.of(why));
    }
    if (!starts.isEmpty()) {
      return State.DRAINING;
    }
    if (count(ServerState.MOVING) == 0) {
      giveUpLate();
    }
    return end(occupancy);
  }

  /** At no more than could begin now: a host may have many servers, and a look is every second. */
  private void lookAtNext() {
    int slots = beginning.slots();
    if (slots > 0) {
      List<DrainServer> next =
          inOrder().stream().filter(row -> row.due(now)).limit(slots + LOOK_AHEAD).toList();
      Map<ServerId, ServerRecord> found =
          facts.servers(next.stream().map(DrainServer::server).toList());
      next.forEach(
          row -> rows.put(row.server(), looked(row, Optional.ofNullable(found.get(row.server())))));
    }
  }

  private State end(Occupancy occupancy) {
    if (rows.values().stream().allMatch(row -> row.state().settled())) {
      if (occupancy.empty()) {
        return State.DRAINED;
      }
      if (occupancy.arriving() > 0) {
        waiting =
            Optional.of(
                "Servers on their way to %s when the drain began are waited for: %d."
                    .formatted(drain.host(), occupancy.arriving()));
        return State.DRAINING;
      }
      if (count(ServerState.LEFT) + count(ServerState.STOPPED) > 0) {
        waiting = Optional.empty();
        return State.INCOMPLETE;
      }
      waiting =
          Optional.of(
              occupancy.unconfirmed() > 0
                  ? "Servers that have left %s cold wait to be confirmed or reverted: %d."
                      .formatted(drain.host(), occupancy.unconfirmed())
                  : "What has left %s is being cleared away there.".formatted(drain.host()));
      return State.DRAINING;
    }
    if (waiting.isEmpty() && count(ServerState.ASKING) > 0 && count(ServerState.MOVING) == 0) {
      waiting =
          Optional.of(
              "Servers that cannot be moved: %d. Say what becomes of them (on_cannot_move), or"
                      .formatted(count(ServerState.ASKING))
                  + " resume to try them again.");
    }
    return State.DRAINING;
  }

  private long count(ServerState state) {
    return rows.values().stream().filter(row -> row.state() == state).count();
  }

  /** Rows for what is on the host, and no row that waits for what is not. */
  private void takeIn(Occupancy occupancy) {
    int next = rows.values().stream().mapToInt(DrainServer::place).max().orElse(-1) + 1;
    for (ServerId here : occupancy.servers()) {
      DrainServer known = rows.get(here);
      if (known == null) {
        rows.put(here, DrainServer.waiting(here, Leg.OUT, next++));
      } else if (known.state() == ServerState.MOVED || known.state() == ServerState.GONE) {
        rows.put(here, DrainServer.waiting(here, Leg.OUT, known.place()));
      }
    }
    rows.replaceAll((server, row) -> {
      boolean expected =
          switch (row.state()) {
            case WAITING, LEFT, ASKING, STOPPING, STOPPED -> true;
            case MOVING, MOVED, GONE -> false;
          };
      return expected && !occupancy.servers().contains(server) ? gone(row) : row;
    });
  }

  private DrainServer gone(DrainServer row) {
    return row.in(
        ServerState.GONE,
        facts
            .server(row.server())
            .flatMap(ServerRecord::host)
            .map("It was moved to %s by another request."::formatted)
            .orElse("The server was deleted."));
  }

  private DrainServer stopped(DrainServer row) {
    Optional<ServerRecord> server = facts.server(row.server());
    if (server.isEmpty()) {
      return row.in(ServerState.GONE, "The server was deleted.");
    }
    if (server.get().vmState() == VmState.STOPPED) {
      return row.in(ServerState.STOPPED, row.reason());
    }
    if (server.get().task().isEmpty()) {
      if (server.get().vmState() == VmState.PAUSED) {
        return row.in(ServerState.LEFT, row.reason() + " It is paused, and so cannot be stopped.");
      }
      if (server.get().vmState() == VmState.SUSPENDED) {
        return row.in(
            ServerState.LEFT, row.reason() + " It is suspended, and so cannot be stopped.");
      }
      stops.add(row.server());
    }
    return row;
  }

  /** A row that is due, or why it is not. */
  private DrainServer looked(DrainServer row, Optional<ServerRecord> found) {
    if (found.isEmpty()) {
      return row.in(ServerState.GONE, "The server was deleted.");
    }
    ServerRecord server = found.get();
    if (server.task().isPresent()) {
      return row.later(
          now.plus(BUSY_REST),
          "It is busy (%s).".formatted(server.task().get().wire()),
          false,
          row.refused());
    }
    Optional<String> unmovable = Movable.against(server, row.cold());
    DrainServer next = unmovable.map(why -> settling.cannotMove(row, why)).orElse(row);
    if (next.state() == ServerState.WAITING) {
      beginning.ready(server);
    }
    return next;
  }

  private State fewMoves() throws InterruptedException {
    FewMoves few = new FewMoves(drain, rows, facts, finding, settings, now);
    State state = few.look();
    plan = few.plan();
    waiting = few.waiting();
    few.next().forEach((row, target) -> starts.add(new Start(row, newIds.get(), target)));
    return state;
  }

  private State returning() {
    Homecoming homecoming = new Homecoming(drain, rows, facts, settling, settings, now);
    State state = homecoming.look();
    waiting = homecoming.waiting();
    homecoming.next().forEach(row -> starts.add(new Start(row, newIds.get(), drain.host())));
    return state;
  }

  private void orderByPlan() {
    Map<ServerId, Integer> order = new HashMap<>();
    plan.map(Plan::moves)
        .orElse(List.of())
        .forEach(move -> order.putIfAbsent(move.server(), order.size()));
    rows.replaceAll((server, row) -> row.at(order.getOrDefault(server, row.place())));
  }

  private List<DrainServer> inOrder() {
    return rows.values().stream().sorted(Comparator.comparingInt(DrainServer::place)).toList();
  }

  private void giveUpLate() {
    beginning
        .late()
        .forEach(server ->
            rows.computeIfPresent(server, (_, row) -> row.in(ServerState.LEFT, row.reason())));
  }
}
