package dev.tern.conductor.drain;

import dev.tern.conductor.drain.Finding.Found;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Wishes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Says of a drain, before it goes on, what will move where, when, and what cannot. */
final class Planner {
  private static final int NAMED = 5;
  private static final Found NOT_ASKED =
      new Found(Optional.empty(), "It was not asked where it could go.", List.of());

  private final Wishes wishes;
  private final Pace pace;
  private final int lanes;

  /**
   * @param lanes migrations at once
   */
  Planner(Wishes wishes, Pace pace, int lanes) {
    this.wishes = wishes;
    this.pace = pace;
    this.lanes = lanes;
  }

  /** The order in which servers go: one that follows another goes after it. */
  List<Guest> inOrder(List<Guest> guests) {
    Comparator<Guest> bySize =
        Comparator.comparingLong(Guest::bytes).thenComparing(guest -> guest.id().toString());
    Comparator<Guest> rest =
        switch (wishes.sequence()) {
          case SMALLEST_FIRST, GIVEN -> bySize;
          case LARGEST_FIRST -> bySize.reversed();
        };
    Map<ServerId, Guest> sorted = new LinkedHashMap<>();
    guests.stream()
        .sorted(Comparator.comparingInt(this::givenPlace).thenComparing(rest))
        .forEach(guest -> sorted.put(guest.id(), guest));
    Set<Guest> begun = new HashSet<>();
    List<Guest> order = new ArrayList<>();
    sorted.values().forEach(guest -> follow(guest, sorted, begun, order));
    return order;
  }

  private static void follow(
      Guest guest, Map<ServerId, Guest> all, Set<Guest> begun, List<Guest> order) {
    if (!begun.add(guest)) {
      return; // Of two that follow each other one has to be first.
    }
    guest.after().stream()
        .flatMap(other -> Optional.ofNullable(all.get(other)).stream())
        .forEach(first -> follow(first, all, begun, order));
    order.add(guest);
  }

  private int givenPlace(Guest guest) {
    int place = wishes.given().indexOf(guest.id());
    return place < 0 ? Integer.MAX_VALUE : place;
  }

  /**
   * A plan for what is still to move.
   *
   * @param found where each that can be moved could go
   * @param unmovable why a server cannot be moved, whatever there is to move it to
   * @param before the plan so far; servers in it that are done with keep their place
   */
  Plan plan(
      List<Guest> guests,
      Map<ServerId, Found> found,
      Map<ServerId, String> unmovable,
      Instant now,
      Optional<Plan> before) {
    List<Guest> movable =
        inOrder(guests.stream().filter(each -> !unmovable.containsKey(each.id())).toList());
    Instant began = before.map(Plan::madeAt).orElse(now);
    List<PlannedMove> moves = new ArrayList<>(kept(before, guests));
    Duration[] free = new Duration[lanes];
    Arrays.fill(free, Duration.between(began, now));
    for (Guest guest : movable) {
      Found place = found.getOrDefault(guest.id(), NOT_ASKED);
      Duration after = Duration.ZERO;
      if (place.host().isPresent()) {
        Arrays.sort(free);
        after = free[0];
        free[0] = after.plus(pace.takes(guest));
      }
      moves.add(move(guest, place.host(), after, place.why()));
    }
    guests.stream()
        .filter(each -> unmovable.containsKey(each.id()))
        .map(each ->
            move(each, Optional.empty(), Duration.ZERO, unmovable.getOrDefault(each.id(), "")))
        .forEach(moves::add);
    Duration takes =
        moves.stream()
            .filter(each -> each.target().isPresent())
            .map(each -> each.after().plus(each.takes()))
            .max(Comparator.naturalOrder())
            .orElse(Duration.ZERO);
    return new Plan(
        began,
        moves,
        takes,
        before.map(Plan::firstTakes).orElse(takes),
        pace.basis(movable),
        remarks(movable, moves, found, unmovable, began.plus(takes)));
  }

  private static List<PlannedMove> kept(Optional<Plan> before, List<Guest> guests) {
    Set<ServerId> again = guests.stream().map(Guest::id).collect(Collectors.toSet());
    return before.map(Plan::moves).orElse(List.of()).stream()
        .filter(move -> !again.contains(move.server()))
        .toList();
  }

  private PlannedMove move(Guest guest, Optional<HostName> target, Duration after, String why) {
    boolean down = guest.cold().isPresent();
    return new PlannedMove(
        guest.id(),
        target,
        guest.cold(),
        guest.bytes(),
        after,
        pace.takes(guest),
        down ? pace.cold(guest).forecast().pause() : pace.pause(),
        down && target.isPresent() ? pace.cold(guest).says() : why);
  }

  /** The largest choose first, or a small one takes the only place that a large one has. */
  static List<Guest> largestFirst(List<Guest> guests) {
    return guests.stream()
        .sorted(
            Comparator.comparingLong((Guest guest) -> guest.needs().memoryMib())
                .reversed()
                .thenComparing(guest -> guest.id().toString()))
        .toList();
  }

  private List<String> remarks(
      List<Guest> movable,
      List<PlannedMove> moves,
      Map<ServerId, Found> found,
      Map<ServerId, String> unmovable,
      Instant finish) {
    List<String> remarks = new ArrayList<>();
    List<ServerId> stuck = new ArrayList<>();
    Set<String> remedies = new LinkedHashSet<>();
    found.forEach((server, place) -> {
      if (place.host().isEmpty()) {
        stuck.add(server);
        remedies.addAll(place.remedies());
      }
    });
    if (!stuck.isEmpty()) {
      remarks.add(
          "No order satisfies the rules for %s. %s Relax that, wait, or see to one of these: %s."
              .formatted(
                  names(stuck),
                  found.getOrDefault(stuck.getFirst(), NOT_ASKED).why(),
                  remedies.isEmpty()
                      ? "add a host"
                      : remedies.stream().limit(NAMED).collect(Collectors.joining("; "))));
    }
    List<PlannedMove> down =
        moves.stream()
            .filter(move -> move.cold().isPresent() && move.target().isPresent())
            .filter(move -> move.pause().isPresent())
            .toList();
    if (!down.isEmpty()) {
      remarks.add(
          "Moved cold, and so down meanwhile, the longest for about %d s: %s."
              .formatted(
                  down.stream().mapToLong(move -> move.takes().toSeconds()).max().orElse(0),
                  names(down.stream().map(PlannedMove::server).toList())));
    }
    if (!unmovable.isEmpty()) {
      remarks.add("Cannot be moved: %s.".formatted(names(List.copyOf(unmovable.keySet()))));
    }
    List<ServerId> lag =
        movable.stream()
            .filter(guest -> guest.cold().isEmpty())
            .filter(pace::lags)
            .map(Guest::id)
            .toList();
    if (!lag.isEmpty()) {
      remarks.add(
          "Written faster than is sent, so that they would be slowed down or need post-copy: %s."
              .formatted(names(lag)));
    }
    wishes
        .deadline()
        .filter(finish::isAfter)
        .ifPresent(deadline ->
            remarks.add(
                "The deadline %s cannot be met: the earliest possible end is %s."
                    .formatted(deadline, finish)));
    return remarks;
  }

  private static String names(List<ServerId> servers) {
    String named =
        servers.stream().limit(NAMED).map(ServerId::toString).collect(Collectors.joining(", "));
    return servers.size() > NAMED
        ? "%s and %d more servers".formatted(named, servers.size() - NAMED)
        : (servers.size() == 1 ? "server " : "servers ") + named;
  }
}
