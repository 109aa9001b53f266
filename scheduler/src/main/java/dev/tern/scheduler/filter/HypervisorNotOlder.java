package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** QEMU takes guests of its own version and older ones; a newer one's it may misread. */
record HypervisorNotOlder() implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    int there = host.report().hypervisorVersion();
    return request
        .guest()
        .filter(guest -> there < guest.hypervisorVersion())
        .map(guest ->
            new Failure(
                ErrorCode.DESTINATION_HYPERVISOR_TOO_OLD,
                "Unable to migrate %s to %s: the hypervisor there is %s, the source has %s."
                    .formatted(
                        request.server(),
                        host.report().host(),
                        text(there),
                        text(guest.hypervisorVersion()))));
  }

  private static String text(int version) {
    return "%d.%d.%d".formatted(version / 1_000_000, version / 1_000 % 1_000, version % 1_000);
  }
}
