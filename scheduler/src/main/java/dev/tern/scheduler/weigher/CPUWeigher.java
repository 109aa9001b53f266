package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;

/** Virtual processors that may still be claimed: guests are spread. */
record CPUWeigher() implements HostWeigher {
  @Override
  public double value(HostState host, RequestSpec spec) {
    return host.freeVcpus();
  }
}
