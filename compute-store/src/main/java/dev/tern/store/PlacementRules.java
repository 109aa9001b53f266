package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ServerGroupStore.Policy;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * What a server asks of its host beside room.
 *
 * @param zone the host's has to be this one
 * @param apartFrom servers that it may not be with
 * @param nextTo servers, of which it has to be with one
 * @param asks what its flavor and its image say
 */
public record PlacementRules(
    Optional<Group> group,
    Optional<String> zone,
    Named apartFrom,
    Optional<Named> nextTo,
    Asks asks) {
  public static final PlacementRules NONE =
      new PlacementRules(
          Optional.empty(), Optional.empty(), Named.NOBODY, Optional.empty(), Asks.NONE);

  /**
   * What flavor and image say of hosts.
   *
   * @param project whose server it is
   * @param extraSpecs the flavor's, as it was when the server was made
   * @param imageProperties the image's, as they are now; none when it is gone
   * @param base the image's file, which its host needs; empty when it is gone
   */
  public record Asks(
      String project,
      Map<String, String> extraSpecs,
      Map<String, String> imageProperties,
      Optional<Base> base) {
    public static final Asks NONE = new Asks("", Map.of(), Map.of(), Optional.empty());

    public Asks {
      extraSpecs = Map.copyOf(extraSpecs);
      imageProperties = Map.copyOf(imageProperties);
    }
  }

  /**
   * A file by its content, and what it takes to bring it.
   *
   * @param digest as hosts report theirs
   */
  public record Base(String digest, long bytes) {}

  /**
   * The same if members of groups, and servers that hints name, were where they are supposed to be,
   * and there only.
   *
   * @param self whose rules these are: it is no other member
   * @param members of groups
   * @param all also those that are in no group
   */
  public PlacementRules supposing(
      ServerId self, Map<UUID, Map<ServerId, HostName>> members, Map<ServerId, HostName> all) {
    return new PlacementRules(
        group.map(its -> its.supposing(self, members.getOrDefault(its.id(), Map.of()))),
        zone,
        apartFrom.supposing(all),
        nextTo.map(its -> its.supposing(all)),
        asks);
  }

  /** The servers whose places decide where this one may be, by its hints. */
  public Set<ServerId> named() {
    Set<ServerId> named = new LinkedHashSet<>(apartFrom.places().keySet());
    nextTo.ifPresent(its -> named.addAll(its.places().keySet()));
    return named;
  }

  /**
   * Servers that a hint names.
   *
   * @param places the hosts on which each holds a share: none when it is gone, both while it moves
   * @param hosts all of those
   */
  public record Named(Map<ServerId, Set<HostName>> places, Set<HostName> hosts) {
    public static final Named NOBODY = new Named(Map.of());

    public Named {
      places = Map.copyOf(places);
      hosts = Set.copyOf(hosts);
    }

    public Named(Map<ServerId, Set<HostName>> places) {
      this(places, places.values().stream().flatMap(Set::stream).collect(Collectors.toSet()));
    }

    private Named supposing(Map<ServerId, HostName> supposed) {
      if (Collections.disjoint(places.keySet(), supposed.keySet())) {
        return this;
      }
      Map<ServerId, Set<HostName>> then = new HashMap<>(places);
      then.replaceAll(
          (server, hosts) -> Optional.ofNullable(supposed.get(server)).map(Set::of).orElse(hosts));
      return new Named(then);
    }
  }

  /**
   * The group of a server.
   *
   * @param members the other members that hold a share of a host, and of which: the one they live
   *     on and the one they are moving to
   * @param others how many of them are on each host
   */
  public record Group(
      UUID id,
      Policy policy,
      int mostPerHost,
      Map<ServerId, Set<HostName>> members,
      Map<HostName, Integer> others) {
    public Group {
      members = Map.copyOf(members);
      others = Map.copyOf(others);
    }

    public Group(UUID id, Policy policy, int mostPerHost, Map<ServerId, Set<HostName>> members) {
      this(id, policy, mostPerHost, members, counted(members));
    }

    private static Map<HostName, Integer> counted(Map<ServerId, Set<HostName>> members) {
      Map<HostName, Integer> others = new HashMap<>();
      members.values().forEach(hosts -> hosts.forEach(host -> others.merge(host, 1, Integer::sum)));
      return others;
    }

    /** How many other members are on the host. */
    public int on(HostName host) {
      return others.getOrDefault(host, 0);
    }

    /** Whether a member may be on a host; soft policies are against none. */
    public boolean allows(HostName host) {
      return switch (policy) {
        case AFFINITY -> others.isEmpty() || on(host) > 0;
        case ANTI_AFFINITY -> on(host) < mostPerHost;
        case SOFT_AFFINITY, SOFT_ANTI_AFFINITY -> true;
      };
    }

    private Group supposing(ServerId self, Map<ServerId, HostName> places) {
      if (places.isEmpty()) {
        return this;
      }
      Map<ServerId, Set<HostName>> then = new HashMap<>(members);
      places.forEach((server, host) -> then.put(server, Set.of(host)));
      then.remove(self);
      return new Group(id, policy, mostPerHost, then);
    }
  }
}
