package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** The agent reports, and no operator says that the host is down all the same. */
record Up() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    if (host.up() && !host.forcedDown()) {
      return Optional.empty();
    }
    return Optional.of(
        new Failure(
            ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
            "Compute service of %s is unavailable at this time.".formatted(host.report().host())));
  }
}
