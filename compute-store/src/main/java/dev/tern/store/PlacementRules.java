package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ServerGroupStore.Policy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What a server asks of its host beside room.
 *
 * @param zone the host's has to be this one
 * @param apartFrom hosts of servers that it may not be with
 * @param nextTo hosts of servers, of which it has to be with one
 * @param asks what its flavor and its image say
 */
public record PlacementRules(
    Optional<Group> group,
    Optional<String> zone,
    Set<HostName> apartFrom,
    Optional<Set<HostName>> nextTo,
    Asks asks) {
  public static final PlacementRules NONE =
      new PlacementRules(Optional.empty(), Optional.empty(), Set.of(), Optional.empty(), Asks.NONE);

  public PlacementRules {
    apartFrom = Set.copyOf(apartFrom);
    nextTo = nextTo.map(Set::copyOf);
  }

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
   * The same if members of groups were where they are supposed to be, and there only.
   *
   * @param self whose rules these are: it is no other member
   * @param places by group
   */
  public PlacementRules supposing(ServerId self, Map<UUID, Map<ServerId, HostName>> places) {
    return new PlacementRules(
        group.map(its -> its.supposing(self, places.getOrDefault(its.id(), Map.of()))),
        zone,
        apartFrom,
        nextTo,
        asks);
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
