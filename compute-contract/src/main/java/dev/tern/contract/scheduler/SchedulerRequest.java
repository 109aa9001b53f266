package dev.tern.contract.scheduler;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import java.util.Map;
import java.util.Optional;

/** A question to the schedulers. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface SchedulerRequest {

  /**
   * Choose a host for a server and claim its share there, in one go. Asking twice with the same
   * claim answers the same host.
   *
   * @param requested only this host will do; it goes through the same filters as any other
   * @param source the host the guest is on, for a migration; never chosen
   * @param guest what a destination must be able to run, for a migration
   * @param refused hosts that failed a later check, with why: not chosen, and listed in the answer
   *     when none is left
   */
  record SelectHost(
      RequestId request,
      ClaimId claim,
      ServerId server,
      Resources resources,
      Optional<HostName> requested,
      Optional<HostName> source,
      Optional<GuestNeeds> guest,
      Map<HostName, Failure> refused)
      implements SchedulerRequest {
    public SelectHost {
      refused = Map.copyOf(refused);
    }
  }

  /**
   * @param hypervisorVersion of the source: an older destination is refused
   */
  record GuestNeeds(
      String hypervisorType, int hypervisorVersion, String machineType, String accelerator) {}
}
