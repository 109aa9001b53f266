package dev.tern.conductor.drain;

import dev.tern.conductor.drain.Places.Answer;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.DrainServer;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Occupancy;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** One look at a drain: what has happened to its servers, and what is to be done next. */
final class Deciding {
  private static final Duration BUSY_REST = Duration.ofSeconds(2);

  private final DrainRecord drain;
  private final Map<ServerId, DrainServer> before;
  private final Map<ServerId, DrainServer> rows = new LinkedHashMap<>();
  private final Leg leg;
  private final DrainFacts facts;
  private final DrainSettings settings;
  private final Supplier<MigrationId> newIds;
  private final Instant now;
  private final List<Start> starts = new ArrayList<>();
  private final List<ServerId> stops = new ArrayList<>();
  private final List<MigrationRecord> aborts = new ArrayList<>();
  private final Map<ServerId, Guest> guests = new HashMap<>();
  private Optional<Plan> plan;
  private Optional<String> waiting = Optional.empty();

  Deciding(
      DrainRecord drain,
      List<DrainServer> all,
      DrainFacts facts,
      DrainSettings settings,
      Supplier<MigrationId> newIds,
      Instant now) {
    this.drain = drain;
    this.facts = facts;
    this.settings = settings;
    this.newIds = newIds;
    this.now = now;
    this.plan = drain.plan();
    this.leg = all.stream().anyMatch(row -> row.leg() == Leg.HOME) ? Leg.HOME : Leg.OUT;
    all.stream().filter(row -> row.leg() == leg).forEach(row -> rows.put(row.server(), row));
    this.before = Map.copyOf(rows);
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
      List<ServerId> stops,
      List<Start> starts) {}

  Decision decide() {
    rows.replaceAll((_, row) -> row.state() == ServerState.MOVING ? settled(row) : row);
    State state =
        switch (drain.state()) {
          case PLANNING -> planned();
          case DRAINING -> draining();
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
        aborts,
        stops,
        starts);
  }

  // ---- what has ended

  private DrainServer settled(DrainServer row) {
    Optional<MigrationRecord> migration = row.migration().flatMap(facts::migration);
    if (migration.isEmpty()) {
      return row.in(ServerState.WAITING, "Its migration is not known any more.");
    }
    MigrationRecord ended = migration.get();
    if (ended.endedAt().isEmpty()) {
      if (drain.abortMoving() && !ended.abortRequested()) {
        aborts.add(ended);
      }
      return row;
    }
    return switch (ended.status()) {
      case COMPLETED ->
          row.moved(
              ended.destination().orElseThrow(),
              Duration.between(ended.createdAt(), ended.endedAt().get()),
              ended.memoryProcessed() + ended.diskProcessed(),
              ended.pause());
      case FAILED, CANCELLED, ERROR -> failed(row, ended);
      case ACCEPTED, QUEUED, PREPARING, RUNNING -> throw new IllegalStateException("not ended");
    };
  }

  private DrainServer failed(DrainServer row, MigrationRecord ended) {
    String why =
        ended.failure().map(Failure::message).orElse("The migration ended without a reason.");
    Optional<ServerRecord> server = facts.server(row.server());
    if (server.isEmpty()) {
      return row.in(ServerState.GONE, "The server was deleted.");
    }
    if (drain.state() == State.CANCELLED) {
      return row.in(ServerState.LEFT, why);
    }
    if (server.get().vmState() == VmState.ERROR) {
      return cannotMove(row, why);
    }
    Map<HostName, String> refused = new HashMap<>(row.refused());
    row.target().ifPresent(target -> refused.put(target, why));
    return again(row, why, false, refused);
  }

  /** Another try after a rest, unless it had as many as it may have. */
  private DrainServer again(
      DrainServer row, String why, boolean counts, Map<HostName, String> refused) {
    int tries = row.tries() + (counts ? 1 : 0);
    if (tries >= drain.wishes().limits().tries().orElse(settings.tries())) {
      return cannotMove(
          row.later(now, why, counts, refused),
          tries == 1 ? why : "Tried %d times. %s".formatted(tries, why));
    }
    return row.later(now.plus(rest(tries)), why, counts, refused);
  }

  private Duration rest(int tries) {
    Duration rest = settings.firstRest().multipliedBy(1L << Math.min(20, Math.max(0, tries - 1)));
    return rest.compareTo(settings.longestRest()) < 0 ? rest : settings.longestRest();
  }

  private DrainServer cannotMove(DrainServer row, String why) {
    return row.in(
        leg == Leg.HOME
            ? ServerState.LEFT
            : switch (drain.wishes().onCannotMove()) {
              case LEAVE -> ServerState.LEFT;
              case ASK -> ServerState.ASKING;
              case STOP -> ServerState.STOPPING;
            },
        why);
  }

  // ---- out

  private State planned() {
    takeIn(facts.occupancy());
    plan = Optional.of(newPlan());
    rows.clear();
    return State.PLANNED;
  }

  private State draining() {
    Occupancy occupancy = facts.occupancy();
    takeIn(occupancy);
    rows.replaceAll((_, row) -> row.state() == ServerState.STOPPING ? stopped(row) : row);
    rows.replaceAll((_, row) -> due(row) ? looked(row) : row);
    if (stale()) {
      plan = Optional.of(newPlan());
      orderByPlan();
    }
    boolean late = begin();
    if (!starts.isEmpty()) {
      return State.DRAINING;
    }
    if (late && count(ServerState.MOVING) == 0) {
      giveUpLate();
    }
    return end(occupancy);
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
          Optional.of("What has left %s is being cleared away there.".formatted(drain.host()));
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
      stops.add(row.server());
    }
    return row;
  }

  private boolean due(DrainServer row) {
    return row.state() == ServerState.WAITING
        && row.notBefore().map(when -> !when.isAfter(now)).orElse(true);
  }

  /** A row that is due, or why it is not. */
  private DrainServer looked(DrainServer row) {
    Optional<ServerRecord> found = facts.server(row.server());
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
    Optional<String> unmovable = unmovable(server);
    if (unmovable.isPresent()) {
      return cannotMove(row, unmovable.get());
    }
    Guest guest = facts.guest(server);
    guests.put(server.id(), guest);
    return row;
  }

  private static Optional<String> unmovable(ServerRecord server) {
    return switch (server.vmState()) {
      case ACTIVE, PAUSED -> Optional.empty();
      case STOPPED ->
          Optional.of(
              "It is stopped, and servers move only while they run or are paused. Start it, or"
                  + " delete it.");
      case ERROR ->
          Optional.of(
              "It is in error%s. Mend or delete it."
                  .formatted(
                      server
                          .fault()
                          .map(fault -> " (" + fault.failure().message() + ")")
                          .orElse("")));
      case BUILDING, DELETED -> Optional.of("It is %s.".formatted(server.vmState().wire()));
    };
  }

  // ---- the plan

  private boolean stale() {
    if (plan.isEmpty()) {
      return true;
    }
    Map<ServerId, PlannedMove> moves = moves();
    Places places = places();
    return guests.keySet().stream()
        .anyMatch(server -> {
          PlannedMove move = moves.get(server);
          return move == null
              || move.target()
                  .map(target -> !places.open(target) || row(server).refused().containsKey(target))
                  .orElse(false);
        });
  }

  private DrainServer row(ServerId server) {
    return Optional.ofNullable(rows.get(server)).orElseThrow();
  }

  private Map<ServerId, PlannedMove> moves() {
    return plan.map(Plan::moves).orElse(List.of()).stream()
        .collect(Collectors.toMap(PlannedMove::server, move -> move, (_, last) -> last));
  }

  private Places places() {
    return new Places(facts.hosts(), drain.host(), drain.wishes().targets(), false);
  }

  private Planner planner() {
    int lanes = drain.wishes().limits().out().orElse(settings.out());
    Optional<Long> share =
        drain.wishes().limits().bytesPerSecond().map(all -> Math.max(1, all / lanes));
    return new Planner(
        drain.wishes(), Pace.of(facts.past(), settings.assumedBytesPerSecond(), share), lanes);
  }

  private Plan newPlan() {
    List<Guest> waitingOnes = new ArrayList<>();
    Map<ServerId, String> unmovable = new LinkedHashMap<>();
    for (DrainServer row : rows.values()) {
      boolean moves = row.state() == ServerState.WAITING;
      boolean cannot = row.state() == ServerState.LEFT || row.state() == ServerState.ASKING;
      Optional<ServerRecord> server =
          moves || cannot ? facts.server(row.server()) : Optional.empty();
      server.ifPresent(found -> {
        waitingOnes.add(guests.computeIfAbsent(found.id(), _ -> facts.guest(found)));
        Optional<String> why = cannot ? Optional.of(row.reason()) : unmovable(found);
        why.ifPresent(words -> unmovable.put(found.id(), words));
      });
    }
    return planner().plan(waitingOnes, unmovable, places(), now, plan.or(drain::plan));
  }

  private void orderByPlan() {
    Map<ServerId, Integer> order = new HashMap<>();
    plan.map(Plan::moves)
        .orElse(List.of())
        .forEach(move -> order.putIfAbsent(move.server(), order.size()));
    rows.replaceAll((server, row) -> row.at(order.getOrDefault(server, row.place())));
  }

  // ---- what begins

  /** Whether something would begin if it could end before the deadline. */
  private boolean begin() {
    if (drain.paused()) {
      waiting = Optional.of("The drain is paused.");
      return false;
    }
    Optional<HostRecord> source = facts.host();
    if (source.isEmpty() || !source.get().up()) {
      waiting = Optional.of(silent(drain.host(), source));
      return false;
    }
    Map<ServerId, PlannedMove> moves = moves();
    Places places = places();
    guests.forEach((server, guest) ->
        Optional.ofNullable(moves.get(server))
            .flatMap(PlannedMove::target)
            .ifPresent(target -> places.take(target, guest)));
    int slots =
        drain.wishes().limits().out().orElse(settings.out())
            - Math.toIntExact(count(ServerState.MOVING));
    boolean late = false;
    for (DrainServer row : inOrder()) {
      Guest guest = guests.get(row.server());
      if (guest == null || !due(row) || slots <= starts.size()) {
        continue;
      }
      Optional<PlannedMove> move = Optional.ofNullable(moves.get(row.server()));
      Optional<String> tooLate = tooLate(move);
      if (tooLate.isPresent()) {
        late = true;
        rows.put(row.server(), row.in(ServerState.WAITING, tooLate.get()));
      } else {
        start(row, guest, move, places);
      }
    }
    return late;
  }

  private List<DrainServer> inOrder() {
    return rows.values().stream()
        .sorted(java.util.Comparator.comparingInt(DrainServer::place))
        .toList();
  }

  private static String silent(HostName host, Optional<HostRecord> record) {
    return "%s does not answer%s, so nothing can leave it. The drain goes on when it does."
        .formatted(
            host, record.map(known -> " (last heard of at " + known.lastSeen() + ")").orElse(""));
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

  private void giveUpLate() {
    rows.replaceAll((_, row) ->
        row.state() == ServerState.WAITING && row.reason().startsWith("Not begun:")
            ? row.in(ServerState.LEFT, row.reason())
            : row);
  }

  private void start(DrainServer row, Guest guest, Optional<PlannedMove> move, Places places) {
    Optional<HostName> planned =
        move.flatMap(PlannedMove::target)
            .filter(target -> places.open(target) && !row.refused().containsKey(target));
    Answer answer =
        planned
            .<Answer>map(Answer.On::new)
            .orElseGet(() -> places.place(guest, Optional.empty(), row.refused().keySet()));
    switch (answer) {
      case Answer.Nowhere nowhere -> {
        String why = "No host can take it. " + nowhere.why();
        rows.put(row.server(), again(row, why, true, row.refused()));
        waiting = Optional.of(why);
      }
      case Answer.On(HostName target) -> {
        if (arriving(target) < drain.wishes().limits().in().orElse(settings.in())) {
          starts.add(new Start(row, newIds.get(), target));
        }
      }
    }
  }

  private long arriving(HostName target) {
    return rows.values().stream()
            .filter(row -> row.state() == ServerState.MOVING)
            .filter(row -> row.target().equals(Optional.of(target)))
            .count()
        + starts.stream().filter(start -> start.target().equals(target)).count();
  }

  // ---- home

  private State returning() {
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
      if (due(row) && arriving(drain.host()) < most) {
        starts.add(new Start(row, newIds.get(), drain.host()));
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
    if (!due(row)) {
      return row;
    }
    if (server.get().task().isPresent()) {
      return row.later(
          now.plus(BUSY_REST),
          "It is busy (%s).".formatted(server.get().task().get().wire()),
          false,
          row.refused());
    }
    return unmovable(server.get()).map(why -> row.in(ServerState.LEFT, why)).orElse(row);
  }
}
