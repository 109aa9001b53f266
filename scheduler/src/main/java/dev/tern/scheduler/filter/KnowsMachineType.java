package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** Both QEMUs build the same machine. */
record KnowsMachineType() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    return request
        .guest()
        .filter(guest -> !host.report().machineTypes().contains(guest.machineType()))
        .map(guest ->
            new Failure(
                ErrorCode.DESTINATION_LACKS_MACHINE_TYPE,
                "Unable to migrate %s to %s: the hypervisor there (%s) has no machine type %s."
                    .formatted(
                        request.server(),
                        host.report().host(),
                        host.report().hypervisorVersionText(),
                        guest.machineType())));
  }
}
