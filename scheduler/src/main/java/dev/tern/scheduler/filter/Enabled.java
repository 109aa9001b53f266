package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** No operator has closed the host to arrivals. */
record Enabled() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    if (!host.disabled()) {
      return Optional.empty();
    }
    return Optional.of(
        new Failure(
            ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
            "Compute service of %s is disabled (%s) and takes no servers."
                .formatted(host.report().host(), host.disabledReason().orElse("no reason given"))));
  }
}
