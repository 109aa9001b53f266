package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.Resources;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** Processors that nobody has claimed, ratio applied. */
record EnoughVcpus(Ratios ratios) implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    Resources limits = ratios.limits(host.report());
    long needed = request.resources().vcpus();
    long available = (long) limits.vcpus() - host.claimed().vcpus();
    if (needed <= available) {
      return Optional.empty();
    }
    return Optional.of(
        new Failure(
            ErrorCode.DESTINATION_LACKS_VCPUS,
            "Host %s has too few processors: %d virtual ones available of %d, %d needed."
                .formatted(host.report().host(), available, limits.vcpus(), needed)));
  }
}
