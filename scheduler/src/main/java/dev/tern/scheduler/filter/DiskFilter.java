package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;

/**
 * Disk that nobody has claimed, ratio applied, and that is really free as well: a claim says what
 * will be written, the file system what others have written already.
 */
record DiskFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return spec.wanted().resources().diskBytes() <= available(host);
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    long needed = spec.wanted().resources().diskBytes();
    long unclaimed = host.unclaimedDiskBytes();
    long available = available(host);
    return refusal(
        ErrorCode.DESTINATION_LACKS_DISK,
        "Host %s has too little disk: %d bytes available (%d free, %d unclaimed), %d needed."
            .formatted(host.name(), available, host.report().diskFreeBytes(), unclaimed, needed),
        "%d bytes".formatted(needed),
        "%d bytes".formatted(available),
        "%d bytes of disk are freed".formatted(needed - available));
  }

  private static long available(HostState host) {
    return Math.min(host.unclaimedDiskBytes(), host.report().diskFreeBytes());
  }

  @Override
  public boolean looksAtRoom() {
    return true;
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
