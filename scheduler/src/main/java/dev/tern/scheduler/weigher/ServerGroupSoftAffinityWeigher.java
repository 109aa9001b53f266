package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;
import dev.tern.store.ServerGroupStore.Policy;

/** Members of a group with the policy {@code soft-affinity} that are there. */
record ServerGroupSoftAffinityWeigher() implements HostWeigher {
  @Override
  public double value(HostState host, RequestSpec spec) {
    return spec.rules().group().map(group -> group.on(host.name())).orElse(0);
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.rules().group().filter(its -> its.policy() == Policy.SOFT_AFFINITY).isPresent();
  }
}
