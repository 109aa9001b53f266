package dev.tern.scheduler.filter;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.scheduler.Decision.Refusal;

/** Processors that nobody has claimed, ratio applied. */
record CoreFilter() implements HostFilter {
  @Override
  public boolean passes(HostState host, RequestSpec spec) {
    return spec.wanted().resources().vcpus() <= host.freeVcpus();
  }

  @Override
  public Refusal why(HostState host, RequestSpec spec) {
    long needed = spec.wanted().resources().vcpus();
    long available = host.freeVcpus();
    return refusal(
        ErrorCode.DESTINATION_LACKS_VCPUS,
        "Host %s has too few processors: %d virtual ones available of %d, %d needed."
            .formatted(host.name(), available, host.limits().vcpus(), needed),
        "%d virtual processors".formatted(needed),
        "%d".formatted(available),
        "%d virtual processors are freed".formatted(needed - available));
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
