package dev.tern.conductor.drain;

import dev.tern.conductor.balance.Balance;
import dev.tern.conductor.balance.HostLoad;
import dev.tern.conductor.balance.Move;
import dev.tern.conductor.balance.Piece;
import dev.tern.conductor.balance.Relief;
import dev.tern.conductor.drain.Finding.Found;
import dev.tern.conductor.drain.Finding.Unanswered;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Goal;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.Resident;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Chooses the few servers that move, and where to: figures propose, and the schedulers, who know
 * all the rules, agree or refuse.
 */
final class FewMovesPlan {
  /** When nobody says otherwise. */
  private static final double GOAL = 0.05;

  private static final int MOVES = 10;

  /** Proposals, each without what was refused before. */
  private static final int ROUNDS = 12;

  private static final int RELIEF_ROUNDS = 50;

  /** The emptiest hosts, to which a relieved one's servers may go. */
  private static final int TARGETS = 200;

  private final DrainRecord drain;
  private final DrainFacts facts;
  private final Finding finding;
  private final DrainSettings settings;
  private final Instant now;
  private final Goal goal;
  private final List<String> remarks = new ArrayList<>();
  private boolean reached = true;

  FewMovesPlan(
      DrainRecord drain, DrainFacts facts, Finding finding, DrainSettings settings, Instant now) {
    this.drain = drain;
    this.facts = facts;
    this.finding = finding;
    this.settings = settings;
    this.now = now;
    this.goal =
        drain
            .wishes()
            .goal()
            .orElse(
                new Goal(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()));
  }

  /** Whether what was chosen is enough. */
  boolean reached() {
    return reached;
  }

  Plan choose() throws Unanswered, InterruptedException {
    Map<HostName, HostRecord> hosts = new LinkedHashMap<>();
    facts.openHosts().stream()
        .filter(host ->
            host.report().memoryMib() > 0
                && host.report().vcpus() > 0
                && (drain.wishes().targets().isEmpty()
                    || drain.wishes().targets().contains(host.report().host())))
        .forEach(host -> hosts.put(host.report().host(), host));
    List<Move> moves = drain.purpose() == Purpose.REBALANCE ? evened(hosts) : relieved(hosts);
    List<Guest> guests = new ArrayList<>();
    Map<ServerId, Found> found = new LinkedHashMap<>();
    Map<HostName, List<ServerId>> leaving = new LinkedHashMap<>();
    Map<ServerId, HostName> left = new HashMap<>();
    moves.forEach(move -> left.put(move.piece().server(), move.piece().host()));
    Map<ServerId, ServerRecord> servers = facts.servers(left.keySet());
    for (Move move : moves) {
      Piece piece = move.piece();
      guests.add(
          new Guest(
              piece.server(),
              needs(piece),
              piece.bytes(),
              Map.of(),
              Optional.empty(),
              true,
              Optional.ofNullable(servers.get(piece.server()))
                  .map(server -> Following.after(server, move.to(), left))
                  .orElse(List.of())));
      found.put(piece.server(), new Found(Optional.of(move.to()), "", List.of()));
      leaving.computeIfAbsent(piece.host(), _ -> new ArrayList<>()).add(piece.server());
    }
    int lanes = drain.wishes().limits().out().orElse(settings.out());
    Optional<Long> share =
        drain.wishes().limits().bytesPerSecond().map(all -> Math.max(1, all / lanes));
    Plan plan =
        new Planner(drain.wishes(), Pace.of(facts.link(), facts.writes(leaving, now), share), lanes)
            .plan(guests, found, Map.of(), now, Optional.empty());
    return new Plan(
        plan.madeAt(), plan.moves(), plan.takes(), plan.firstTakes(), plan.basis(), remarks);
  }

  // ---- all hosts

  private List<Move> evened(Map<HostName, HostRecord> hosts)
      throws Unanswered, InterruptedException {
    List<HostLoad> loads = hosts.values().stream().map(FewMovesPlan::load).toList();
    double before = new Balance(loads).imbalance();
    double enough = goal.imbalance().orElse(GOAL);
    if (before <= enough) {
      remarks.add("Nothing is to be done: the imbalance is %s.".formatted(number(before)));
      return List.of();
    }
    List<Piece> pieces = pieces(facts.residents(new Balance(loads).fullest()));
    Set<List<Object>> refused = new HashSet<>();
    Set<List<Object>> agreed = new HashSet<>();
    Balance.Banned banned = (piece, to) -> refused.contains(List.of(piece.server(), to));
    for (int round = 0; ; round++) {
      boolean last = round == ROUNDS;
      Balance balance = new Balance(loads);
      List<Move> moves =
          balance.moves(
              pieces,
              goal.moves().orElse(MOVES),
              enough,
              last ? (piece, to) -> !agreed.contains(List.of(piece.server(), to)) : banned);
      Set<Move> not = last || moves.isEmpty() ? Set.of() : finding.refusals(moves, hosts).keySet();
      if (not.isEmpty()) {
        told(before, balance.imbalance(), moves.size());
        return moves;
      }
      moves.forEach(move ->
          (not.contains(move) ? refused : agreed).add(List.of(move.piece().server(), move.to())));
    }
  }

  private void told(double before, double after, int moves) {
    remarks.add(
        moves == 0
            ? "The imbalance is %s, and no move that is allowed is worth its bytes."
                .formatted(number(before))
            : "The imbalance is %s, and comes to %s by %d moves."
                .formatted(number(before), number(after), moves));
  }

  // ---- one host

  private List<Move> relieved(Map<HostName, HostRecord> hosts)
      throws Unanswered, InterruptedException {
    HostRecord home =
        facts
            .host()
            .orElseThrow(() -> new Unanswered("%s is not known any more.".formatted(drain.host())));
    HostLoad load = load(home);
    long memory = load.memoryMib() - most(goal.memory(), load.hasMemoryMib(), load.memoryMib());
    long vcpus = load.vcpus() - most(goal.vcpus(), load.hasVcpus(), load.vcpus());
    List<Piece> pieces = new ArrayList<>(pieces(facts.residents(List.of(drain.host()))));
    Map<HostName, HostLoad> others = emptiest(hosts.values());
    for (int round = 0; round < RELIEF_ROUNDS; round++) {
      Optional<List<Piece>> chosen = Relief.fewestBytes(pieces, memory, vcpus);
      if (chosen.isEmpty()) {
        break;
      }
      if (chosen.get().isEmpty()) {
        remarks.add("Nothing is to be done: %s.".formatted(parts(load)));
        return List.of();
      }
      List<Move> moves = placed(chosen.get(), home, others, pieces);
      if (!moves.isEmpty()) {
        HostLoad after = load;
        for (Move move : moves) {
          after = after.without(move.piece());
        }
        remarks.add("%s; that comes to: %s.".formatted(parts(load), parts(after)));
        return moves;
      }
    }
    reached = false;
    remarks.add(
        ("%s cannot be brought so low: %s, and what may move and has a place on hosts that stay"
                + " below is not enough. Nothing is moved.")
            .formatted(drain.host(), parts(load)));
    return List.of();
  }

  private static long most(Optional<Double> part, long has, long claimed) {
    return part.map(fraction -> (long) Math.floor(fraction * has)).orElse(claimed);
  }

  /** Empty when it will not do; then servers or hosts are fewer, for another choice. */
  private List<Move> placed(
      List<Piece> chosen, HostRecord home, Map<HostName, HostLoad> others, List<Piece> pieces)
      throws Unanswered, InterruptedException {
    if (others.isEmpty()) {
      pieces.clear();
      return List.of();
    }
    List<Guest> guests =
        chosen.stream()
            .map(piece -> new Guest(piece.server(), needs(piece), piece.bytes(), Map.of()))
            .toList();
    Map<ServerId, Found> found = finding.find(Planner.largestFirst(guests), home, others.keySet());
    List<Move> moves = new ArrayList<>();
    Map<HostName, HostLoad> after = new HashMap<>(others);
    for (Piece piece : chosen) {
      Optional<HostName> to = Optional.ofNullable(found.get(piece.server())).flatMap(Found::host);
      if (to.isEmpty()) {
        pieces.remove(piece);
      } else {
        moves.add(new Move(piece, to.get()));
        after.computeIfPresent(to.get(), (_, load) -> load.with(piece));
      }
    }
    List<HostName> over =
        after.values().stream().filter(load -> !below(load)).map(HostLoad::host).toList();
    others.keySet().removeAll(over);
    return moves.size() == chosen.size() && over.isEmpty() ? moves : List.of();
  }

  private Map<HostName, HostLoad> emptiest(Collection<HostRecord> hosts) {
    return hosts.stream()
        .map(FewMovesPlan::load)
        .filter(load -> !load.host().equals(drain.host()) && below(load))
        .sorted(Comparator.comparingDouble((HostLoad load) -> load.memoryPart() + load.vcpuPart()))
        .limit(TARGETS)
        .collect(
            Collectors.toMap(HostLoad::host, load -> load, (one, _) -> one, LinkedHashMap::new));
  }

  /** No other host is to be brought above what this one is brought below. */
  private boolean below(HostLoad load) {
    return goal.memory().filter(most -> load.memoryPart() > most).isEmpty()
        && goal.vcpus().filter(most -> load.vcpuPart() > most).isEmpty();
  }

  // ---- figures

  static HostLoad load(HostRecord host) {
    return new HostLoad(
        host.report().host(),
        host.report().vcpus(),
        host.report().memoryMib(),
        host.claimed().vcpus(),
        host.claimed().memoryMib());
  }

  private List<Piece> pieces(List<Resident> residents) {
    return residents.stream()
        .filter(resident -> resident.fixed().isEmpty())
        .map(resident ->
            new Piece(
                resident.server(),
                resident.host(),
                resident.vcpus(),
                resident.memoryMib(),
                (resident.memoryMib() << 20) + resident.diskBytes()))
        .toList();
  }

  /** A server's share of a host. */
  static Resources needs(Piece piece) {
    return new Resources(
        Math.toIntExact(piece.vcpus()),
        piece.memoryMib(),
        piece.bytes() - (piece.memoryMib() << 20));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private static String parts(HostLoad load) {
    return String.format(
        Locale.ROOT,
        "%.1f %% of the memory and %.1f %% of the processors of %s are claimed",
        100 * load.memoryPart(),
        100 * load.vcpuPart(),
        load.host());
  }
}
