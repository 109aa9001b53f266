package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ServerGroupStore.Policy;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What a server asks of its host beside room.
 *
 * @param zone the host's has to be this one
 * @param zones of hosts, when there is a zone; the others are in the default one
 * @param apartFrom hosts of servers that it may not be with
 * @param nextTo hosts of servers, of which it has to be with one
 */
public record PlacementRules(
    Optional<Group> group,
    Optional<String> zone,
    Map<HostName, String> zones,
    Set<HostName> apartFrom,
    Optional<Set<HostName>> nextTo) {
  public static final PlacementRules NONE =
      new PlacementRules(Optional.empty(), Optional.empty(), Map.of(), Set.of(), Optional.empty());

  public PlacementRules {
    zones = Map.copyOf(zones);
    apartFrom = Set.copyOf(apartFrom);
    nextTo = nextTo.map(Set::copyOf);
  }

  /** Why the server may not be on a host, in a sentence; empty when it may. */
  public Optional<String> refusal(HostName host, ServerId server) {
    String there = zones.getOrDefault(host, AggregateStore.DEFAULT_ZONE);
    if (zone.isPresent() && !zone.get().equals(there)) {
      return Optional.of(
          "Host %s is in availability zone %s, and %s is asked for in %s."
              .formatted(host, there, server, zone.get()));
    }
    if (apartFrom.contains(host)) {
      return Optional.of(
          "Host %s has a server that %s shall not be with (different_host)."
              .formatted(host, server));
    }
    if (nextTo.isPresent() && !nextTo.get().contains(host)) {
      return Optional.of(
          "Host %s has none of the servers that %s shall be with (same_host)."
              .formatted(host, server));
    }
    return group.flatMap(its -> its.refusal(host));
  }

  /** How much a wish about a host is met; more is better. */
  public int liking(HostName host) {
    return group.map(its -> its.liking(host)).orElse(0);
  }

  /**
   * The group of a server.
   *
   * @param others how many of its other members hold a share of which host, the one they live on or
   *     the one they are moving to
   */
  public record Group(UUID id, Policy policy, int mostPerHost, Map<HostName, Integer> others) {
    public Group {
      others = Map.copyOf(others);
    }

    /** Why a member may not be on a host; soft policies refuse nothing. */
    public Optional<String> refusal(HostName host) {
      int there = others.getOrDefault(host, 0);
      boolean refused =
          switch (policy) {
            case AFFINITY -> !others.isEmpty() && there == 0;
            case ANTI_AFFINITY -> there >= mostPerHost;
            case SOFT_AFFINITY, SOFT_ANTI_AFFINITY -> false;
          };
      return refused
          ? Optional.of(
              policy == Policy.AFFINITY
                  ? "Server group %s has policy affinity, and its members are not on %s."
                      .formatted(id, host)
                  : "Server group %s has policy anti-affinity, and %d of its members on %s already."
                      .formatted(id, there, host))
          : Optional.empty();
    }

    private int liking(HostName host) {
      int there = others.getOrDefault(host, 0);
      return switch (policy) {
        case AFFINITY, SOFT_AFFINITY -> there;
        case ANTI_AFFINITY, SOFT_ANTI_AFFINITY -> -there;
      };
    }
  }
}
