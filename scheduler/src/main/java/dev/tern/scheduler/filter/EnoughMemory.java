package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;

/** Memory that nobody has claimed, ratio and reserve applied. */
record EnoughMemory(Ratios ratios) implements HostFilter {
  @Override
  public Optional<Failure> refusal(HostRecord host, SelectHost request) {
    long needed = request.resources().memoryMib();
    long available = ratios.limits(host.report()).memoryMib() - host.claimed().memoryMib();
    if (needed <= available) {
      return Optional.empty();
    }
    String message =
        request.source().isPresent()
            ? "Unable to migrate %s to %s: Lack of memory(host:%d <= instance:%d), in MiB."
                .formatted(request.server(), host.report().host(), available, needed)
            : "Host %s has too little memory: %d MiB available, %d MiB needed."
                .formatted(host.report().host(), available, needed);
    return Optional.of(new Failure(ErrorCode.DESTINATION_LACKS_MEMORY, message));
  }
}
