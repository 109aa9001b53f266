package dev.tern.conductor.server;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimRecord;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/** The host of a server. */
public final class GuestHost {
  private final Work work;
  private final ClaimStore claims;
  private final RootDisk rootDisk;

  public GuestHost(Work work, ClaimStore claims, RootDisk rootDisk) {
    this.work = work;
    this.claims = claims;
    this.rootDisk = rootDisk;
  }

  ServerFacts build(ServerFacts facts) throws StepFailed, InterruptedException {
    return reach(facts, new AgentRequest.BuildServer(work.header(), rootDisk.spec(work.server())));
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

  ServerFacts destroy(ServerFacts facts) throws StepFailed, InterruptedException {
    repeat(facts.place(), new AgentRequest.DestroyServer(work.header()));
    return facts;
  }

  /** At its host, and wherever else it has a claim. */
  ServerFacts destroyEverywhere(ServerFacts facts) throws StepFailed, InterruptedException {
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
