package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/**
 * Disk that nobody has claimed, ratio applied, and that is really free as well: a claim says what
 * will be written, the file system what others have written already.
 */
record EnoughDisk(Ratios ratios) implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    long needed = request.resources().diskBytes();
    long unclaimed = ratios.limits(host.report()).diskBytes() - host.claimed().diskBytes();
    long free = host.report().diskFreeBytes();
    if (needed <= unclaimed && needed <= free) {
      return Optional.empty();
    }
    return Optional.of(
        new Failure(
            ErrorCode.DESTINATION_LACKS_DISK,
            "Host %s has too little disk: %d bytes available (%d free, %d unclaimed), %d needed."
                .formatted(
                    host.report().host(), Math.min(unclaimed, free), free, unclaimed, needed)));
  }
}
