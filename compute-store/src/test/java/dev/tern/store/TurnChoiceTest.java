package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.store.TurnChoice.Link;
import dev.tern.store.TurnChoice.Waiter;
import dev.tern.store.TurnChoice.Way;
import dev.tern.store.TurnStore.AtOnce;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

@DisplayName("Whose turn it is")
class TurnChoiceTest {
  private static Way way(String source, String destination) {
    return new Way(source, destination);
  }

  private static Waiter waiter(Way way, boolean forLong) {
    return new Waiter(UUID.randomUUID(), UUID.randomUUID(), way, Optional.of("It waits."), forLong);
  }

  private static List<Way> gone(AtOnce most, List<Way> moving, Waiter... waiting) {
    return new TurnChoice(most, List.of(), moving, moving.size())
        .choose(List.of(waiting)).entrySet().stream()
            .filter(each -> each.getValue().isEmpty())
            .map(each -> each.getKey().way())
            .toList();
  }

  private static List<String> chosen(
      AtOnce most, List<Link> links, List<Way> moving, Way... waiting) {
    List<Waiter> waiters = Stream.of(waiting).map(way -> waiter(way, false)).toList();
    return new TurnChoice(most, links, moving, moving.size())
        .choose(waiters).values().stream().map(why -> why.orElse("goes")).toList();
  }

  @Test
  void is_the_oldest_ones_as_far_as_their_source_lets_them() {
    assertThat(
            chosen(
                new AtOnce(2, 0, 0),
                List.of(),
                List.of(way("a", "x")),
                way("a", "y"),
                way("a", "z"),
                way("b", "z")))
        .containsExactly("goes", "As many migrations leave a as may at once (2).", "goes");
  }

  @Test
  void is_held_up_by_a_full_destination_and_by_nothing_that_goes_elsewhere() {
    assertThat(
            chosen(
                new AtOnce(0, 1, 0),
                List.of(),
                List.of(way("a", "x")),
                way("b", "x"),
                way("b", "y")))
        .containsExactly("As many migrations come to x as may at once (1).", "goes");
  }

  @Test
  void ends_where_as_many_move_as_may_anywhere() {
    assertThat(
            chosen(
                new AtOnce(0, 0, 2),
                List.of(),
                List.of(way("a", "x")),
                way("b", "y"),
                way("c", "z")))
        .containsExactly("goes", "As many migrations move as may at once (2).");
  }

  @Test
  void is_held_up_by_a_link_it_crosses_in_either_direction_and_not_within_it() {
    Link rack = new Link("rack1", 1, Set.of("a", "b"));
    assertThat(
            chosen(
                new AtOnce(0, 0, 0),
                List.of(rack),
                List.of(way("x", "a")),
                way("b", "y"),
                way("a", "b"),
                way("x", "y")))
        .containsExactly(
            "As many migrations cross the edge of aggregate rack1 as may at once (1).",
            "goes",
            "goes");
  }

  @Test
  void is_no_links_matter_whose_property_is_no_number() {
    assertThat(Link.of("rack1", "few", Set.of("a"))).isEmpty();
    assertThat(Link.of("rack1", "0", Set.of("a"))).isEmpty();
    assertThat(Link.of("rack1", "3", Set.of("a"))).isPresent();
  }

  @Test
  void is_kept_at_each_of_its_hosts_for_one_that_has_waited_for_long() {
    AtOnce one = new AtOnce(1, 1, 0);
    List<Way> moving = List.of(way("a", "y"));
    assertThat(gone(one, moving, waiter(way("a", "x"), false), waiter(way("b", "x"), false)))
        .containsExactly(way("b", "x"));
    assertThat(
            gone(
                one,
                moving,
                waiter(way("a", "x"), true),
                waiter(way("b", "x"), false),
                waiter(way("b", "z"), false)))
        .as("nobody who goes another way waits")
        .containsExactly(way("b", "z"));
  }

  @Test
  void is_said_to_be_kept_where_that_is_why_another_waits() {
    assertThat(
            new TurnChoice(new AtOnce(1, 1, 0), List.of(), List.of(way("a", "y")), 1)
                .choose(
                    List.of(
                        waiter(way("a", "x"), true),
                        waiter(way("b", "x"), false),
                        waiter(way("a", "z"), false)))
                .values())
        .containsExactly(
            Optional.of("As many migrations leave a as may at once (1)."),
            Optional.of(
                "The next turn to come to x is kept for a migration that has waited for longer"
                    + " (1 may at once)."),
            Optional.of("As many migrations leave a as may at once (1)."));
  }

  @Test
  void is_kept_for_one_of_those_that_need_the_same() {
    assertThat(
            gone(
                new AtOnce(1, 1, 0),
                List.of(way("a", "y")),
                waiter(way("a", "x"), true),
                waiter(way("a", "z"), true),
                waiter(way("b", "z"), false)))
        .containsExactly(way("b", "z"));
  }

  /** Always a younger one at hand for each host that comes free, and never both at once. */
  @Test
  void comes_for_each_however_many_younger_ones_ask() {
    AtOnce one = new AtOnce(1, 1, 0);
    Waiter old = waiter(way("a", "x"), true);
    List<Way> moving = new ArrayList<>(List.of(way("a", "y"), way("b", "x")));
    for (int round = 0; round < 10; round++) {
      moving.removeFirst();
      List<Waiter> waiting =
          List.of(old, waiter(way("a", "y"), false), waiter(way("b", "x"), false));
      List<Way> go = gone(one, moving, waiting.toArray(Waiter[]::new));
      if (go.contains(old.way())) {
        return;
      }
      moving.addAll(go);
    }
    throw new AssertionError("it starves");
  }

  @RepeatedTest(50)
  void all_go_in_the_end_whatever_is_kept() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    AtOnce most = new AtOnce(random.nextInt(3), random.nextInt(3), random.nextInt(4));
    Link rack = new Link("r", 1 + random.nextInt(2), Set.of("0", "1", "2"));
    List<Waiter> waiting = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      int source = random.nextInt(6);
      String target = "" + (source + 1 + random.nextInt(5)) % 6;
      waiting.add(waiter(way("" + source, target), i < 20));
    }
    List<Way> moving = new ArrayList<>();
    for (int round = 0; round < 100 && !waiting.isEmpty(); round++) {
      new TurnChoice(most, List.of(rack), moving, moving.size())
          .choose(List.copyOf(waiting))
          .forEach((waiter, why) -> {
            if (why.isEmpty()) {
              waiting.remove(waiter);
              moving.add(waiter.way());
            }
          });
      assertThat(broken(most, rack, moving)).as("seed %d", seed).isFalse();
      moving.remove(random.nextInt(moving.size()));
    }
    assertThat(waiting).as("seed %d", seed).isEmpty();
  }

  @RepeatedTest(50)
  void exceeds_no_limit_and_leaves_none_waiting_that_could_go() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    AtOnce most = new AtOnce(random.nextInt(4), random.nextInt(4), random.nextInt(8));
    Link rack = new Link("r", 1 + random.nextInt(3), Set.of("0", "1", "2"));
    List<Waiter> waiting = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      int source = random.nextInt(6);
      String target = "" + (source + 1 + random.nextInt(5)) % 6;
      waiting.add(waiter(way("" + source, target), false));
    }
    List<Way> go = new ArrayList<>();
    List<Way> stay = new ArrayList<>();
    new TurnChoice(most, List.of(rack), List.of(), 0)
        .choose(waiting)
        .forEach((waiter, why) -> (why.isEmpty() ? go : stay).add(waiter.way()));
    assertThat(broken(most, rack, go)).as("seed %d", seed).isFalse();
    for (Way way : stay) {
      List<Way> more = new ArrayList<>(go);
      more.add(way);
      assertThat(broken(most, rack, more)).as("seed %d, %s", seed, way).isTrue();
    }
  }

  private static boolean broken(AtOnce most, Link rack, List<Way> moving) {
    return moving.stream()
        .anyMatch(way ->
            over(most.out(), moving.stream().filter(m -> m.source().equals(way.source())).count())
                || over(
                    most.in(),
                    moving.stream().filter(m -> m.destination().equals(way.destination())).count())
                || over(rack.most(), moving.stream().filter(rack::crossedBy).count())
                || over(most.cluster(), moving.size()));
  }

  private static boolean over(int most, long now) {
    return most > 0 && now > most;
  }
}
