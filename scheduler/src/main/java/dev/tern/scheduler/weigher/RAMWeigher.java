package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;

/** Memory that may still be claimed, in MiB: guests are spread. */
record RAMWeigher() implements HostWeigher {
  @Override
  public double value(HostState host, RequestSpec spec) {
    return host.freeMemoryMib();
  }
}
