package dev.tern.contract.scheduler;

import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import java.util.Map;
import java.util.Optional;

/**
 * A server that a host is looked for.
 *
 * @param requested only this host will do; it goes through the same filters as any other
 * @param source the host the guest is on, for a migration; never chosen
 * @param guest what a destination must be able to run, for a migration
 * @param refused hosts that failed a later check, with why: not chosen
 */
public record Wanted(
    ServerId server,
    Resources resources,
    Optional<HostName> requested,
    Optional<HostName> source,
    Optional<GuestNeeds> guest,
    Map<HostName, Failure> refused) {
  public Wanted {
    refused = Map.copyOf(refused);
  }
}
