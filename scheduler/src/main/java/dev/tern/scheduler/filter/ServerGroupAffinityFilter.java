package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.store.PlacementRules.Group;
import dev.tern.store.ServerGroupStore.Policy;
import java.util.Optional;

/** Members of a group with the policy {@code affinity} are together. */
record ServerGroupAffinityFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    Optional<Group> group = spec.rules().group();
    return group.isEmpty()
        || group.get().policy() != Policy.AFFINITY
        || group.get().others().isEmpty()
        || group.get().on(host.name()) > 0;
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.rules().group().filter(its -> its.policy() == Policy.AFFINITY).isPresent();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    Group group = spec.rules().group().orElseThrow();
    return refusal(
        ErrorCode.HOST_NOT_WANTED,
        "Server group %s has policy affinity, and its members are not on %s."
            .formatted(group.id(), host.name()),
        "a host with the other members of its group",
        "one with none of them",
        "the other members of server group %s move there first".formatted(group.id()));
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
