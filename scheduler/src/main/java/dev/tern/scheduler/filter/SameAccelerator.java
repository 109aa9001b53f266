package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** The processor a guest sees depends on what runs it. */
record SameAccelerator() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    String there = host.report().accelerator();
    return request
        .guest()
        .filter(guest -> !guest.accelerator().equals(there))
        .map(guest ->
            new Failure(
                ErrorCode.DESTINATION_ACCELERATOR_DIFFERS,
                "Unable to migrate %s to %s: guests run under %s there, this one runs under %s."
                    .formatted(
                        request.server(), host.report().host(), there, guest.accelerator())));
  }
}
