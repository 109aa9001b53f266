package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.store.PlacementRules.Group;
import dev.tern.store.ServerGroupStore.Policy;
import java.util.Optional;

/**
 * No more members of a group with the policy {@code anti-affinity} than its rule allows, 1 without.
 */
record ServerGroupAntiAffinityFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<Group> group = spec.rules().group();
    return group.isEmpty()
        || group.get().policy() != Policy.ANTI_AFFINITY
        || group.get().on(host.name()) < group.get().mostPerHost();
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.rules().group().filter(its -> its.policy() == Policy.ANTI_AFFINITY).isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    Group group = spec.rules().group().orElseThrow();
    int there = group.on(host.name());
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Server group %s has policy anti-affinity, and %d of its members on %s already."
            .formatted(group.id(), there, host.name()),
        "at most %d other of its group".formatted(group.mostPerHost() - 1),
        "%d".formatted(there),
        "%d of the members of server group %s move away"
            .formatted(there - group.mostPerHost() + 1, group.id()));
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
