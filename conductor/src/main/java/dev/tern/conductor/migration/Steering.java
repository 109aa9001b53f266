package dev.tern.conductor.migration;

import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.Wishes;
import java.time.Duration;
import org.slf4j.event.Level;

/**
 * Carries what users change about a migration under way to its source. What they wish is in the
 * database, so a conductor that takes over begins with telling it again; twice is one effect.
 */
public final class Steering {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private final Journey journey;
  private final MigrationStore migrations;
  private long told;
  private boolean forced;
  private Duration looked;

  public Steering(Journey journey, MigrationStore migrations) {
    this.journey = journey;
    this.migrations = migrations;
    this.looked = journey.ticker().now();
  }

  /** What a step is asked for with, and from which changes are told. */
  Move begin(SourceFacts guest) {
    Wishes wishes = wishes();
    told = wishes.revision();
    return policy(guest).move(wishes);
  }

  /** Whether the guest may run at its destination before all its memory is there, as of now. */
  boolean postCopyAllowed(SourceFacts guest) {
    Move move = policy(guest).move(wishes());
    return move.policy().postCopyAllowed() && move.streams().channels() == 0;
  }

  /** Tells what has changed; once a second at most, and not told is told at the next look. */
  void look(SourceFacts guest) throws InterruptedException {
    if (journey.ticker().now().minus(looked).compareTo(LOOK_EVERY) < 0) {
      return;
    }
    looked = journey.ticker().now();
    Wishes wishes = wishes();
    if (wishes.revision() > told
        && done(new AgentRequest.SteerMove(journey.header(), policy(guest).of(wishes)))) {
      told = wishes.revision();
      journey.log().at(Level.INFO).addKeyValue("policy", wishes.policy()).log("policy changed");
    }
    if (wishes.forced() && !forced && done(new AgentRequest.ForceComplete(journey.header()))) {
      forced = true;
      journey.log().at(Level.INFO).log("completion forced");
    }
  }

  private Policy policy(SourceFacts guest) {
    return new Policy(journey.settings(), guest);
  }

  private Wishes wishes() {
    return migrations
        .find(journey.migration().id())
        .map(MigrationRecord::wishes)
        .orElseGet(journey.migration()::wishes);
  }

  private boolean done(AgentRequest request) throws InterruptedException {
    return switch (journey.asking().once(journey.source(), request)) {
      case Asked.Answered(AgentAnswer.Done _) -> true;
      case Asked.Answered(AgentAnswer.Working _) -> false;
      case Asked.Answered(AgentAnswer.Refused(var failure)) -> {
        journey
            .log()
            .at(Level.INFO)
            .addKeyValue("reason", failure.message())
            .log("the source cannot be steered");
        yield false;
      }
      case Asked.NoAnswer<AgentAnswer> _ -> false;
    };
  }
}
