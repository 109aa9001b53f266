package dev.tern.conductor.evacuation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.conductor.server.RootDisk;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AttachVolume;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.LeaveServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.ActionStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.EvacuationStore;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** The host that a server is made anew on. */
public final class NewHome {
  /** What three hosts fail at, a fourth would. */
  private static final int TRIES = 3;

  private final Journey journey;
  private final Stocks stocks;
  private final RootDisk rootDisk;

  /** What it reads and writes. */
  public record Stocks(
      EvacuationStore evacuations, ClaimStore claims, VolumeStore volumes, ActionStore actions) {}

  public NewHome(Journey journey, Stocks stocks, RootDisk rootDisk) {
    this.journey = journey;
    this.stocks = stocks;
    this.rootDisk = rootDisk;
  }

  private void event(String name, Optional<HostName> host) {
    stocks.actions().begin(journey.server().id(), journey.evacuation().request(), name, host);
  }

  EvacuationFacts choose(EvacuationFacts begun) throws StepFailed, InterruptedException {
    event("rebuild_server", Optional.empty());
    EvacuationFacts facts = begun;
    if (facts.turnedDown().isPresent()) {
      facts = clearAt(facts.turnedDown().get(), facts).cleared();
      stocks.claims().release(claim(facts.refusals().size() - 1));
      stocks
          .evacuations()
          .leftBehind(journey.hold().lease(), journey.evacuation().id(), facts.leftAt());
    }
    ServerRecord server = journey.server();
    SelectHost question =
        new SelectHost(
            journey.evacuation().request(),
            claim(facts.refusals().size()),
            server.id(),
            new Resources(
                server.flavor().vcpus(), server.flavor().memoryMib(), rootDisk.allBytes(server)),
            journey.evacuation().requestedHost(),
            Optional.of(journey.evacuation().source()),
            Optional.empty(),
            facts.refusals());
    return switch (journey.asking().select(question, journey.settings().silence())) {
      case SchedulerAnswer.Selected(HostName host, ClaimId claim) -> {
        stocks.evacuations().chosen(journey.hold().lease(), journey.evacuation().id(), host, claim);
        yield facts.chosen(host, claim);
      }
      case SchedulerAnswer.NoHost(Failure failure, _) -> throw StepFailed.refused(failure);
    };
  }

  /** Always the same for one attempt of one evacuation, so that asking twice claims once. */
  private ClaimId claim(int attempt) {
    String name = "claim:%s:%d".formatted(journey.evacuation().id(), attempt);
    return new ClaimId(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)));
  }

  /** Also of attempts whose answer was lost. The owner's is kept. */
  EvacuationFacts releaseClaims(EvacuationFacts facts) {
    for (int attempt = 0; attempt <= facts.refusals().size(); attempt++) {
      if (!facts.ownerChanged() || !facts.claim().equals(Optional.of(claim(attempt)))) {
        stocks.claims().release(claim(attempt));
      }
    }
    return facts;
  }

  EvacuationFacts build(EvacuationFacts facts) throws StepFailed, InterruptedException {
    event("compute_rebuild_instance", facts.destination());
    Nothing _ =
        journey
            .asking()
            .untilDone(
                facts.place(),
                new BuildServer(journey.header(), rootDisk.spec(journey.server(), facts.place())),
                Nothing.class,
                journey.forBuilding());
    return facts;
  }

  /** What it had attached is somebody else's to keep: the same again, before the guest starts. */
  EvacuationFacts attachVolumes(EvacuationFacts facts) throws StepFailed, InterruptedException {
    List<VolumeRecord> volumes =
        stocks
            .volumes()
            .of(Set.of(journey.server().id()))
            .getOrDefault(journey.server().id(), List.of());
    for (VolumeRecord volume : volumes) {
      VolumeThere _ =
          journey
              .asking()
              .untilDone(
                  facts.place(),
                  new AttachVolume(journey.header(), volume.volume()),
                  VolumeThere.class,
                  journey.forBuilding());
    }
    return facts;
  }

  EvacuationFacts start(EvacuationFacts facts) throws StepFailed, InterruptedException {
    if (!journey.evacuation().leaveStopped()) {
      Nothing _ =
          journey
              .asking()
              .untilDone(
                  facts.place(),
                  new StartServer(journey.header()),
                  Nothing.class,
                  journey.forBuilding());
    }
    return facts;
  }

  /** The destination failed, or does not answer: the next one, please. */
  Optional<EvacuationFacts> turnDown(EvacuationFacts facts, StepFailed failed) {
    boolean overtaken = failed.failure().code() == ErrorCode.STALE_EPOCH;
    return overtaken || facts.refusals().size() + 1 >= TRIES
        ? Optional.empty()
        : Optional.of(facts.turnDown(failed.failure()));
  }

  /** Undo of {@link #build}; once the server is the destination's, its disks are the server's. */
  EvacuationFacts clearAway(EvacuationFacts facts) throws StepFailed, InterruptedException {
    return facts.ownerChanged() || facts.destination().isEmpty()
        ? facts
        : clearAt(facts.place(), facts);
  }

  // A host that died with half a server on it must not hold up the server: it is owed the request.
  private EvacuationFacts clearAt(HostName host, EvacuationFacts facts)
      throws StepFailed, InterruptedException {
    // Not a deletion: that would take kept copies of its disks along.
    AgentRequest clear = new LeaveServer(journey.header(), false);
    try {
      DisksKept _ = journey.asking().untilDone(host, clear, DisksKept.class, journey.forClearing());
    } catch (StepFailed failed) {
      if (failed.failure().code() == ErrorCode.AGENT_NO_ANSWER) {
        return facts.left(host);
      }
      throw failed;
    }
    return facts;
  }
}
