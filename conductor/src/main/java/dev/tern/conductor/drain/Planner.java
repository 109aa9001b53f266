package dev.tern.conductor.drain;

import dev.tern.conductor.drain.Places.Answer;
import dev.tern.conductor.drain.Places.Answer.Nowhere;
import dev.tern.conductor.drain.Places.Answer.On;
import dev.tern.conductor.drain.Places.Refusal;
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

  /** The order in which servers go. */
  List<Guest> inOrder(List<Guest> guests) {
    Comparator<Guest> bySize =
        Comparator.comparingLong(Guest::bytes).thenComparing(guest -> guest.id().toString());
    Comparator<Guest> rest =
        switch (wishes.sequence()) {
          case SMALLEST_FIRST, GIVEN -> bySize;
          case LARGEST_FIRST -> bySize.reversed();
        };
    return guests.stream()
        .sorted(Comparator.comparingInt(this::givenPlace).thenComparing(rest))
        .toList();
  }

  private int givenPlace(Guest guest) {
    int place = wishes.given().indexOf(guest.id());
    return place < 0 ? Integer.MAX_VALUE : place;
  }

  /**
   * A plan for what is still to move.
   *
   * @param unmovable why a server cannot be moved, whatever there is to move it to
   * @param before the plan so far; servers in it that are done with keep their place
   */
  Plan plan(
      List<Guest> guests,
      Map<ServerId, String> unmovable,
      Places places,
      Instant now,
      Optional<Plan> before) {
    List<Guest> movable =
        inOrder(guests.stream().filter(each -> !unmovable.containsKey(each.id())).toList());
    Map<ServerId, Answer> answers = place(movable, places);
    Instant began = before.map(Plan::madeAt).orElse(now);
    List<PlannedMove> moves = new ArrayList<>(kept(before, guests));
    Duration[] free = new Duration[lanes];
    Arrays.fill(free, Duration.between(began, now));
    for (Guest guest : movable) {
      moves.add(
          switch (answers.get(guest.id())) {
            case On(HostName host) -> {
              Arrays.sort(free);
              Duration after = free[0];
              free[0] = after.plus(pace.takes(guest.bytes()));
              yield move(guest, Optional.of(host), after, "");
            }
            case Nowhere nowhere -> move(guest, Optional.empty(), Duration.ZERO, nowhere.why());
            case null -> throw new IllegalStateException("not placed: " + guest.id());
          });
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
        pace.basis(),
        remarks(answers, unmovable, began.plus(takes)));
  }

  private static List<PlannedMove> kept(Optional<Plan> before, List<Guest> guests) {
    Set<ServerId> again = guests.stream().map(Guest::id).collect(Collectors.toSet());
    return before.map(Plan::moves).orElse(List.of()).stream()
        .filter(move -> !again.contains(move.server()))
        .toList();
  }

  private PlannedMove move(Guest guest, Optional<HostName> target, Duration after, String why) {
    return new PlannedMove(
        guest.id(), target, guest.bytes(), after, pace.takes(guest.bytes()), pace.pause(), why);
  }

  /** The largest choose first, or a small one takes the only place that a large one has. */
  private static Map<ServerId, Answer> place(List<Guest> guests, Places places) {
    List<Guest> largestFirst =
        guests.stream()
            .sorted(
                Comparator.comparingLong((Guest guest) -> guest.needs().memoryMib())
                    .reversed()
                    .thenComparing(guest -> guest.id().toString()))
            .toList();
    Map<ServerId, Answer> spread = each(largestFirst, places);
    if (nowhere(spread) == 0) {
      return spread;
    }
    Map<ServerId, Answer> filled = each(largestFirst, places.filledUp());
    return nowhere(filled) < nowhere(spread) ? filled : spread;
  }

  private static Map<ServerId, Answer> each(List<Guest> guests, Places places) {
    Map<ServerId, Answer> answers = new LinkedHashMap<>();
    guests.forEach(
        guest -> answers.put(guest.id(), places.place(guest, Optional.empty(), Set.of())));
    return answers;
  }

  private static long nowhere(Map<ServerId, Answer> answers) {
    return answers.values().stream().filter(Nowhere.class::isInstance).count();
  }

  private List<String> remarks(
      Map<ServerId, Answer> answers, Map<ServerId, String> unmovable, Instant finish) {
    List<String> remarks = new ArrayList<>();
    List<ServerId> stuck = new ArrayList<>();
    Set<String> remedies = new LinkedHashSet<>();
    answers.forEach((server, answer) -> {
      if (answer instanceof Nowhere(Map<HostName, Refusal> refusals)) {
        stuck.add(server);
        refusals.values().stream().map(Refusal::remedy).forEach(remedies::add);
      }
    });
    if (!stuck.isEmpty()) {
      remarks.add(
          "No order satisfies the rules for %s. Do one of these: %s."
              .formatted(
                  names(stuck), remedies.isEmpty() ? "add a host" : String.join("; ", remedies)));
    }
    if (!unmovable.isEmpty()) {
      remarks.add("Cannot be moved: %s.".formatted(names(List.copyOf(unmovable.keySet()))));
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
