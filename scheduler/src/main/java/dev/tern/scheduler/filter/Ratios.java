package dev.tern.scheduler.filter;

import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;

/**
 * How much of a host may be promised to servers.
 *
 * @param memory what may be claimed of each MiB that is not reserved
 * @param reservedMemoryMib left to the host itself
 * @param vcpus what may be claimed of each processor
 * @param disk what may be claimed of each byte
 */
public record Ratios(double memory, long reservedMemoryMib, double vcpus, double disk) {
  /** What may be claimed on the host in all. A host that reports nonsense has nothing. */
  public Resources limits(HostReport report) {
    double mib = Math.max(0, Math.max(0, report.memoryMib()) - reservedMemoryMib) * memory;
    return new Resources(
        (int) Math.max(0, report.vcpus() * vcpus),
        (long) mib,
        (long) Math.max(0, report.diskTotalBytes() * disk));
  }
}
