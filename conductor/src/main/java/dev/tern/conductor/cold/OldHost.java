package dev.tern.conductor.cold;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.LeaveServer;
import dev.tern.contract.agent.AgentRequest.LetGo;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.TakeBack;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.store.ColdMigrationStore;
import java.util.Optional;

/** The host that a server leaves, and that keeps its disks until somebody has spoken. */
public final class OldHost {
  private final ColdJourney journey;
  private final ColdMigrationStore migrations;

  public OldHost(ColdJourney journey, ColdMigrationStore migrations) {
    this.journey = journey;
    this.migrations = migrations;
  }

  private HostName host() {
    return journey.migration().source();
  }

  /** It becomes another one where it is, and both are this host's. */
  private boolean stays(ColdFacts facts) {
    return facts.destination().equals(Optional.of(host()));
  }

  ColdFacts describe(ColdFacts facts) throws StepFailed, InterruptedException {
    journey.event("cold_migrate", Optional.empty());
    return facts.described(
        journey.ask(
            host(),
            new AgentRequest.DescribeServer(journey.header(facts)),
            SourceFacts.class,
            journey.forPreparing()));
  }

  /** The guest is ended, and the host does not start it any more. */
  ColdFacts letGo(ColdFacts facts) throws StepFailed, InterruptedException {
    journey.event("compute_resize_instance", Optional.of(host()));
    migrations.leaving(journey.hold().lease(), journey.migration().id());
    Nothing _ =
        journey.ask(
            host(),
            new LetGo(journey.header(facts), journey.settings().stopGrace()),
            Nothing.class,
            journey.forPreparing());
    return facts;
  }

  /** Undo of {@link #letGo}: the guest runs again if it ran. */
  ColdFacts takeBack(ColdFacts facts) throws StepFailed, InterruptedException {
    return start(takeBackOrOwe(facts));
  }

  /** A host that is lost takes the server back if it is ever found: only it can say what it has. */
  private ColdFacts takeBackOrOwe(ColdFacts facts) throws StepFailed, InterruptedException {
    TakeBack back = new TakeBack(journey.header(facts), journey.migration().epoch());
    if (journey.askUnlessFenced(host(), back, Nothing.class).isPresent()) {
      return facts;
    }
    migrations.owesTakeBack(journey.hold().lease(), journey.migration().id());
    return facts.stands(lost());
  }

  private Failure lost() {
    return new Failure(
        ErrorCode.AGENT_NO_ANSWER,
        "Host %s is stated to be down, and does not answer.".formatted(host()));
  }

  /**
   * A guest that does not start, or whose host is lost, is told of, and is no reason to go on for
   * ever.
   */
  ColdFacts start(ColdFacts facts) throws StepFailed, InterruptedException {
    if (!journey.migration().ran() || facts.trouble().isPresent()) {
      return facts;
    }
    try {
      Nothing _ =
          journey.ask(
              host(),
              new StartServer(journey.header(facts)),
              Nothing.class,
              journey.forPreparing());
      return facts;
    } catch (StepFailed failed) {
      if (journey.isLost(host(), failed)) {
        migrations.owesTakeBack(journey.hold().lease(), journey.migration().id());
        return facts.stands(lost());
      }
      if (failed.effect() != StepFailed.Effect.REFUSED
          || failed.failure().code() == ErrorCode.STALE_EPOCH) {
        throw failed;
      }
      return facts.stands(failed.failure());
    }
  }

  /** Undo of what it sends while the guest runs. */
  ColdFacts stopSending(ColdFacts facts) throws StepFailed, InterruptedException {
    Optional<Nothing> _ =
        journey.askUnlessFenced(
            host(), new AgentRequest.StopLayers(journey.header(facts)), Nothing.class);
    return facts;
  }

  /** Nothing is encrypted any more; one that does not answer loses it with whatever comes next. */
  ColdFacts withdrawKey(ColdFacts facts) throws StepFailed, InterruptedException {
    Optional<Nothing> _ =
        journey.askOrOwe(
            host(), new AgentRequest.WithdrawKey(journey.header(facts)), Nothing.class);
    return facts;
  }

  // ---- later

  /** Nothing of the server is left here; a host that does not answer is owed the request. */
  ColdFacts clear(ColdFacts facts) throws StepFailed, InterruptedException {
    if (stays(facts)) {
      Nothing _ =
          journey.ask(
              host(),
              new AgentRequest.DropKept(journey.header(facts), journey.migration().epoch()),
              Nothing.class,
              journey.forPreparing());
      return facts;
    }
    LeaveServer leave = new LeaveServer(journey.header(facts), false);
    return journey.askOrOwe(host(), leave, DisksKept.class).isPresent()
        ? facts
        : facts.left(host());
  }

  /** There is something to go back to. */
  ColdFacts requireKept(ColdFacts facts) throws StepFailed, InterruptedException {
    journey.event("compute_revert_resize", facts.destination());
    if (stays(facts)) {
      // Where the host is lost with both, it is to be what it was.
      Optional<Nothing> _ =
          journey.askUnlessFenced(
              host(),
              new AgentRequest.FindKept(journey.header(facts), journey.migration().epoch()),
              Nothing.class);
      return facts;
    }
    GuestReport report =
        journey.ask(
            host(),
            new AgentRequest.AskGuest(journey.header(facts)),
            GuestReport.class,
            journey.forPreparing());
    // Stopped: an attempt before this one took it back, and then did not go on.
    if (report.runner() != Runner.HANDED_OVER && report.runner() != Runner.STOPPED) {
      throw StepFailed.refused(
          new Failure(
              ErrorCode.INSTANCE_INVALID_STATE,
              "Host %s does not have the server any more (%s): it cannot be reverted, only confirmed."
                  .formatted(host(), report.runner())));
    }
    return facts;
  }

  ColdFacts takeBackLater(ColdFacts facts) throws StepFailed, InterruptedException {
    journey.event("compute_finish_revert_resize", Optional.of(host()));
    if (stays(facts)) {
      return takeBackOrOwe(facts);
    }
    Nothing _ =
        journey.ask(
            host(),
            new TakeBack(journey.header(facts), journey.migration().epoch()),
            Nothing.class,
            journey.forPreparing());
    return facts;
  }
}
