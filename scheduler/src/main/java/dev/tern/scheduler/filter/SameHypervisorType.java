package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** A guest moves between hypervisors of one kind. */
record SameHypervisorType() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    String there = host.report().hypervisorType();
    return request
        .guest()
        .filter(guest -> !guest.hypervisorType().equals(there))
        .map(guest ->
            new Failure(
                ErrorCode.INVALID_HYPERVISOR_TYPE,
                "Unable to migrate %s to %s: the hypervisor there is %s, the guest needs %s."
                    .formatted(
                        request.server(), host.report().host(), there, guest.hypervisorType())));
  }
}
