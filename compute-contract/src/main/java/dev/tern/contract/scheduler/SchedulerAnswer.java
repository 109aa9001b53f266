package dev.tern.contract.scheduler;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import java.util.List;
import java.util.Map;

/** A scheduler's answer. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface SchedulerAnswer {
  /** What {@link SchedulerRequest.SelectHost} is answered with. */
  sealed interface Choice {}

  /** The host, and the claim on it, held until released. */
  record Selected(HostName host, ClaimId claim) implements SchedulerAnswer, Choice {}

  /**
   * No host will do, and nothing is claimed.
   *
   * @param failure the short form; its message lists every host with its reason
   * @param reasons every host that was looked at
   */
  record NoHost(Failure failure, Map<HostName, Failure> reasons)
      implements SchedulerAnswer, Choice {
    public NoHost {
      reasons = Map.copyOf(reasons);
    }
  }

  /**
   * What {@link SchedulerRequest.PlanHosts} is answered with; nothing is claimed.
   *
   * @param decisions one for each server, in the order of the question
   */
  record Planned(List<Decision> decisions) implements SchedulerAnswer {
    public Planned {
      decisions = List.copyOf(decisions);
    }
  }

  /** The question cannot be answered as it is asked. */
  record NotAnswered(Failure failure) implements SchedulerAnswer {}
}
