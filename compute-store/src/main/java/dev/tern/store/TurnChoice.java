package dev.tern.store;

import dev.tern.store.TurnStore.AtOnce;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Who may move, of those that wait. The oldest choose first; one that has to wait holds up nobody
 * who goes another way, unless it has waited for long. Then a turn that comes free at one of its
 * hosts, or on a link it crosses, is kept for it until the others that it needs come free, too.
 *
 * <p>Nothing is kept from an older one: the oldest of all waits only for those that move, and they
 * end. Of those that need the same turn it is kept for the oldest, so that a long queue keeps one.
 */
final class TurnChoice {
  private final AtOnce most;
  private final List<Link> links;
  private final Map<String, Integer> leaving = new HashMap<>();
  private final Map<String, Integer> arriving = new HashMap<>();
  private final Map<String, Integer> crossing = new HashMap<>();
  private final Set<String> kept = new HashSet<>();
  private int everywhere;

  /**
   * @param everywhere how many move, also those that are not in {@code moving}
   */
  TurnChoice(AtOnce most, List<Link> links, List<Way> moving, int everywhere) {
    this.most = most;
    this.links = List.copyOf(links);
    moving.forEach(this::count);
    this.everywhere = everywhere;
  }

  /** From where to where. */
  record Way(String source, String destination) {}

  /** A group of hosts, and how many migrations may cross its edge at once. */
  record Link(String name, int most, Set<String> hosts) {
    Link {
      hosts = Set.copyOf(hosts);
    }

    /** Empty when the property is not a number of migrations. */
    static Optional<Link> of(String name, String most, Set<String> hosts) {
      return most.matches("\\d{1,6}") && Integer.parseInt(most) > 0
          ? Optional.of(new Link(name, Integer.parseInt(most), hosts))
          : Optional.empty();
    }

    boolean crossedBy(Way way) {
      return hosts.contains(way.source()) != hosts.contains(way.destination());
    }
  }

  /**
   * One that waits.
   *
   * @param forLong it was asked for longer ago than {@link TurnStore#PATIENCE}
   */
  record Waiter(UUID migration, UUID saga, Way way, Optional<String> why, boolean forLong) {}

  /** Why each has to wait; empty for one whose turn it is. */
  Map<Waiter, Optional<String>> choose(List<Waiter> oldestFirst) {
    Map<Waiter, Optional<String>> chosen = new LinkedHashMap<>();
    for (Waiter waiter : oldestFirst) {
      List<String> full = full(waiter.way());
      if (full.isEmpty()) {
        count(waiter.way());
        everywhere++;
      } else if (waiter.forLong() && keeps(waiter.way())) {
        count(waiter.way());
      }
      chosen.put(waiter, full.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", full)));
    }
    return chosen;
  }

  /** Whether turns are kept for it: of two that need the same one, for the older. */
  private boolean keeps(Way way) {
    Set<String> needed = new HashSet<>();
    if (most.out() > 0) {
      needed.add(outOf(way));
    }
    if (most.in() > 0) {
      needed.add(into(way));
    }
    links.stream().filter(link -> link.crossedBy(way)).forEach(link -> needed.add(over(link)));
    return Collections.disjoint(kept, needed) && kept.addAll(needed);
  }

  private static String outOf(Way way) {
    return "leave " + way.source();
  }

  private static String into(Way way) {
    return "come to " + way.destination();
  }

  private static String over(Link link) {
    return "cross the edge of aggregate " + link.name();
  }

  private void count(Way way) {
    leaving.merge(way.source(), 1, Integer::sum);
    arriving.merge(way.destination(), 1, Integer::sum);
    links.stream()
        .filter(link -> link.crossedBy(way))
        .forEach(link -> crossing.merge(link.name(), 1, Integer::sum));
  }

  private List<String> full(Way way) {
    List<String> full = new ArrayList<>();
    full(outOf(way), most.out(), leaving.getOrDefault(way.source(), 0)).ifPresent(full::add);
    full(into(way), most.in(), arriving.getOrDefault(way.destination(), 0)).ifPresent(full::add);
    links.stream()
        .filter(link -> link.crossedBy(way))
        .flatMap(
            link -> full(over(link), link.most(), crossing.getOrDefault(link.name(), 0)).stream())
        .forEach(full::add);
    full("move", most.cluster(), everywhere).ifPresent(full::add);
    return full;
  }

  /**
   * Why there is no turn for one more.
   *
   * @param most 0 for any number
   * @param now how many do so, with the one that a turn is kept for
   */
  private Optional<String> full(String what, int most, int now) {
    if (most <= 0 || now < most) {
      return Optional.empty();
    }
    if (kept.contains(what) && now == most) {
      return Optional.of(
          "The next turn to %s is kept for a migration that has waited for longer (%d may at once)."
              .formatted(what, most));
    }
    return Optional.of("As many migrations %s as may at once (%d).".formatted(what, most));
  }
}
