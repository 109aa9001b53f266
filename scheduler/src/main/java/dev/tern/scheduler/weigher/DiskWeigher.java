package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;

/** Bytes of disk that may still be claimed: guests are spread. */
record DiskWeigher() implements HostWeigher {
  @Override
  public double value(HostState host, RequestSpec spec) {
    return Math.min(host.unclaimedDiskBytes(), host.report().diskFreeBytes());
  }
}
