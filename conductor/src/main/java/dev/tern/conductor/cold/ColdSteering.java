package dev.tern.conductor.cold;

import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.SteerFiles;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.event.Level;

/**
 * Carries a cold migration's share of the bandwidth to its source, before data moves and while it
 * does. It is told at each look, for the source forgets it when its agent is started again.
 */
final class ColdSteering {
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private final ColdJourney journey;
  private final ColdMigrationStore migrations;
  private final ColdFacts facts;
  private Optional<Long> told = Optional.empty();
  private Optional<Duration> looked = Optional.empty();

  ColdSteering(ColdJourney journey, ColdMigrationStore migrations, ColdFacts facts) {
    this.journey = journey;
    this.migrations = migrations;
    this.facts = facts;
  }

  /** Tells it; twice a second at most, and not told is told at the next look. */
  void look() throws InterruptedException {
    Duration now = journey.ticker().now();
    if (looked.filter(last -> now.minus(last).compareTo(LOOK_EVERY) < 0).isPresent()) {
      return;
    }
    looked = Optional.of(now);
    Optional<Long> share =
        migrations.find(journey.migration().id()).flatMap(ColdMigrationRecord::bytesPerSecond);
    if (share.isEmpty() && told.isEmpty()) {
      return; // What the request says holds.
    }
    long rate = journey.rate(share);
    SteerFiles steer = new SteerFiles(journey.header(facts), rate);
    boolean done =
        journey.asking().once(journey.migration().source(), steer)
            instanceof Asked.Answered(AgentAnswer.Done _);
    if (done && !told.equals(Optional.of(rate))) {
      told = Optional.of(rate);
      journey.log().at(Level.INFO).addKeyValue("bytesPerSecond", rate).log("share changed");
    }
  }
}
