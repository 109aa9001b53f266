package dev.tern.contract.scheduler;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A question to the schedulers. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface SchedulerRequest {
  RequestId request();

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

    /** The same without what it takes to claim. */
    public Wanted wanted() {
      return new Wanted(server, resources, requested, source, guest, refused);
    }
  }

  /**
   * Say which hosts these servers would go to, and why, and claim nothing: for each server in turn
   * as if the ones before it were where they were planned to be. The same filters and weighers as
   * for {@link SelectHost}, at the same figures, but nothing is promised: who acts on it selects
   * each host then.
   *
   * @param servers in the order in which they would go; at most {@value #MOST}
   * @param among hosts that may be chosen; all of them when empty
   * @param without hosts that may not be chosen, such as those that are being emptied
   * @param earlier servers that an earlier plan has placed and that hold no claim there yet:
   *     counted as if they were there
   * @param details hosts that are described at most, of those that passed and of those refused each
   */
  record PlanHosts(
      RequestId request,
      List<Wanted> servers,
      List<HostName> among,
      List<HostName> without,
      List<Placed> earlier,
      int details)
      implements SchedulerRequest {
    /** More are planned in several questions, each with what the ones before it placed. */
    public static final int MOST = 500;

    public PlanHosts {
      servers = List.copyOf(servers);
      among = List.copyOf(among);
      without = List.copyOf(without);
      earlier = List.copyOf(earlier);
    }
  }

  /**
   * A server and the host it is supposed to be on.
   *
   * @param source where it is supposed to be no more
   */
  record Placed(ServerId server, Resources resources, Optional<HostName> source, HostName host) {}

  /**
   * @param hypervisorVersion of the source: an older destination is refused
   */
  record GuestNeeds(
      String hypervisorType, int hypervisorVersion, String machineType, String accelerator) {}
}
