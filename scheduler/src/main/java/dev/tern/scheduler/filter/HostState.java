package dev.tern.scheduler.filter;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;
import dev.tern.store.HostStore.HostRecord;

/**
 * A host as one decision sees it.
 *
 * @param limits what may be claimed there in all
 * @param claimed what is claimed, with what a plan supposes to be
 */
public record HostState(HostRecord record, Resources limits, Resources claimed) {
  public static HostState of(HostRecord record, Ratios ratios) {
    return new HostState(record, ratios.limits(record.report()), record.claimed());
  }

  public HostName name() {
    return record.report().host();
  }

  public HostReport report() {
    return record.report();
  }

  /** Below 0 when more is claimed than the limits are now. */
  public long freeMemoryMib() {
    return limits.memoryMib() - claimed.memoryMib();
  }

  public long freeVcpus() {
    return (long) limits.vcpus() - claimed.vcpus();
  }

  /** What is unclaimed; the file system may have less. */
  public long unclaimedDiskBytes() {
    return limits.diskBytes() - claimed.diskBytes();
  }

  /** The same host with a share more that nobody has claimed yet. */
  public HostState with(Resources share) {
    return new HostState(
        record,
        limits,
        new Resources(
            claimed.vcpus() + share.vcpus(),
            claimed.memoryMib() + share.memoryMib(),
            claimed.diskBytes() + share.diskBytes()));
  }

  /** The same host without a share that is claimed still. */
  public HostState without(Resources share) {
    return new HostState(
        record,
        limits,
        new Resources(
            Math.max(0, claimed.vcpus() - share.vcpus()),
            Math.max(0, claimed.memoryMib() - share.memoryMib()),
            Math.max(0, claimed.diskBytes() - share.diskBytes())));
  }
}
