package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/**
 * A host whose QEMU lacks a command that migrations use can boot servers, but takes no migration.
 */
record HasQemuFeatures() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    if (request.source().isEmpty() || host.report().missingFeatures().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Failure(
            ErrorCode.DESTINATION_LACKS_QEMU_FEATURE,
            "Unable to migrate %s to %s: the hypervisor there (%s) lacks %s."
                .formatted(
                    request.server(),
                    host.report().host(),
                    host.report().hypervisorVersionText(),
                    String.join(", ", host.report().missingFeatures()))));
  }
}
