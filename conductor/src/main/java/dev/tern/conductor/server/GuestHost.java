package dev.tern.conductor.server;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.store.ActionStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimRecord;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/** The host of a server. */
public final class GuestHost {
  private final Work work;
  private final ClaimStore claims;
  private final ActionStore actions;
  private final RootDisk rootDisk;

  public GuestHost(Work work, ClaimStore claims, ActionStore actions, RootDisk rootDisk) {
    this.work = work;
    this.claims = claims;
    this.actions = actions;
    this.rootDisk = rootDisk;
  }

  /** An event of the action, in Nova's words; it ends with the operation. */
  private void event(String name, ServerFacts facts) {
    actions.begin(work.server().id(), work.request(), name, facts.host());
  }

  ServerFacts build(ServerFacts facts) throws StepFailed, InterruptedException {
    event("compute__do_build_and_run_instance", facts);
    return reach(
        facts,
        new AgentRequest.BuildServer(work.header(), rootDisk.spec(work.server(), facts.place())));
  }

  ServerFacts start(ServerFacts facts) throws StepFailed, InterruptedException {
    return reach(facts, new AgentRequest.StartServer(work.header()));
  }

  private ServerFacts reach(ServerFacts facts, AgentRequest request)
      throws StepFailed, InterruptedException {
    work.asking().untilDone(facts.place(), request, Nothing.class, work.forBuilding());
    return facts;
  }

  ServerFacts stop(ServerFacts facts) throws StepFailed, InterruptedException {
    event("compute_stop_instance", facts);
    return stop(facts, work.settings().stopGrace());
  }

  ServerFacts stopAtOnce(ServerFacts facts) throws StepFailed, InterruptedException {
    return stop(facts, Duration.ZERO);
  }

  private ServerFacts stop(ServerFacts facts, Duration grace)
      throws StepFailed, InterruptedException {
    repeat(facts.place(), new AgentRequest.StopServer(work.header(), grace));
    return facts;
  }

  ServerFacts reboot(ServerFacts facts) throws StepFailed, InterruptedException {
    return reboot(facts, work.settings().stopGrace());
  }

  ServerFacts rebootHard(ServerFacts facts) throws StepFailed, InterruptedException {
    return reboot(facts, Duration.ZERO);
  }

  private ServerFacts reboot(ServerFacts facts, Duration grace)
      throws StepFailed, InterruptedException {
    event("compute_reboot_instance", facts);
    AgentRequest request = new AgentRequest.RebootServer(work.header(), grace);
    work.asking().untilDone(facts.place(), request, Nothing.class, work.forRebooting());
    return facts;
  }

  ServerFacts pause(ServerFacts facts) throws StepFailed, InterruptedException {
    event("compute_pause_instance", facts);
    return change(facts, new AgentRequest.PauseServer(work.header()));
  }

  ServerFacts unpause(ServerFacts facts) throws StepFailed, InterruptedException {
    event("compute_unpause_instance", facts);
    return change(facts, new AgentRequest.UnpauseServer(work.header()));
  }

  ServerFacts suspend(ServerFacts facts) throws StepFailed, InterruptedException {
    event("compute_suspend_instance", facts);
    return change(facts, new AgentRequest.SuspendServer(work.header()));
  }

  ServerFacts resume(ServerFacts facts) throws StepFailed, InterruptedException {
    event("compute_resume_instance", facts);
    return change(facts, new AgentRequest.ResumeServer(work.header()));
  }

  /** What a host refuses has no effect there, so the operation is over; else it is asked again. */
  private ServerFacts change(ServerFacts facts, AgentRequest request)
      throws StepFailed, InterruptedException {
    try {
      GuestReport guest =
          work.asking().untilDone(facts.place(), request, GuestReport.class, work.forRepeating());
      if (guest.runner() == Runner.UNKNOWN) {
        throw StepFailed.noAnswer(new Failure(ErrorCode.AGENT_NO_ANSWER, guest.detail()));
      }
      return facts.found(guest.runner());
    } catch (StepFailed failed) {
      if (failed.failure().code() != ErrorCode.INSTANCE_INVALID_STATE) {
        throw failed;
      }
      return facts.failedWith(failed.failure());
    }
  }

  ServerFacts destroy(ServerFacts facts) throws StepFailed, InterruptedException {
    repeat(facts.place(), new AgentRequest.DestroyServer(work.header()));
    return facts;
  }

  /** At its host, and wherever else it has a claim. */
  ServerFacts destroyEverywhere(ServerFacts facts) throws StepFailed, InterruptedException {
    event("compute_terminate_instance", facts);
    Set<HostName> places = new LinkedHashSet<>();
    facts.host().ifPresent(places::add);
    claims.of(work.server().id()).stream().map(ClaimRecord::host).forEach(places::add);
    for (HostName place : places) {
      repeat(place, new AgentRequest.DestroyServer(work.header()));
    }
    return facts;
  }

  private void repeat(HostName host, AgentRequest request) throws StepFailed, InterruptedException {
    try {
      work.asking().untilDone(host, request, Nothing.class, work.forRepeating());
    } catch (StepFailed failed) {
      // Nothing of it is there: that is what was asked for.
      if (failed.failure().code() != ErrorCode.GUEST_ABSENT) {
        throw failed;
      }
    }
  }
}
