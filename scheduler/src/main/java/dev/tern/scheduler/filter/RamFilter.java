package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;

/** Memory that nobody has claimed, ratio and reserve applied. */
record RamFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return spec.wanted().resources().memoryMib() <= host.freeMemoryMib();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    long needed = spec.wanted().resources().memoryMib();
    long available = host.freeMemoryMib();
    String message =
        spec.wanted().source().isPresent()
            ? "Unable to migrate %s to %s: Lack of memory(host:%d <= instance:%d), in MiB."
                .formatted(spec.server(), host.name(), available, needed)
            : "Host %s has too little memory: %d MiB available, %d MiB needed."
                .formatted(host.name(), available, needed);
    return refusal(
        ErrorCode.DESTINATION_LACKS_MEMORY,
        message,
        "%d MiB".formatted(needed),
        "%d MiB".formatted(available),
        "%d MiB of memory are freed".formatted(needed - available));
  }

  @Override
  public boolean looksAtRoom() {
    return true;
  }

  @Override
  public boolean mayBeLeftOut() {
    return false;
  }
}
