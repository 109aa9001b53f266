package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;

/** Bytes of the image that would have to be brought to the host; 0 where it is already. */
record BytesToMoveWeigher() implements HostWeigher {
  @Override
  public double value(HostState host, RequestSpec spec) {
    return spec.rules()
        .asks()
        .base()
        .filter(base -> !host.facts().bases().contains(base.digest()))
        .map(base -> (double) base.bytes())
        .orElse(0.0);
  }

  @Override
  public boolean matters(RequestSpec spec) {
    return spec.rules().asks().base().isPresent();
  }
}
