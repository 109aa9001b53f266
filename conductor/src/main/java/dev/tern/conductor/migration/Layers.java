package dev.tern.conductor.migration;

import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import java.time.Duration;
import org.slf4j.event.Level;

/**
 * The files below the disks, the same for every server made from one image: the destination needs
 * each once. What it lacks and cannot fetch, the source sends.
 */
public final class Layers {
  private static final long GIB = 1L << 30;
  private static final Duration SLACK = Duration.ofMinutes(1);

  private final Journey journey;

  public Layers(Journey journey) {
    this.journey = journey;
  }

  /** Ends with all of them at the destination, each proven to be what it is named after. */
  MigrationFacts bring(MigrationFacts facts) throws StepFailed, InterruptedException {
    if (allThere(facts)) {
      return facts;
    }
    HostName to = facts.destination().host();
    MoveLimits limits = limits(facts);
    Duration sending = limits.deadline().plus(SLACK);
    // Another migration may be bringing the same.
    Patience gathering =
        new Patience(
            journey.settings().silence(), journey.settings().prepareDeadline().plus(sending));
    LayersWanted wanted =
        journey
            .asking()
            .untilDone(
                to,
                new AgentRequest.GatherLayers(journey.header(), facts.described()),
                LayersWanted.class,
                gathering);
    if (wanted.exports().isEmpty()) {
      return facts;
    }
    long bytes = send(to, wanted, limits, sending);
    journey
        .asking()
        .untilDone(
            to,
            new AgentRequest.KeepLayers(journey.header()),
            Nothing.class,
            journey.forPreparing());
    journey
        .log()
        .at(Level.INFO)
        .addKeyValue("host", to)
        .addKeyValue("layers", wanted.exports().size())
        .addKeyValue("bytes", bytes)
        .log("layers were sent");
    return facts;
  }

  private long send(HostName to, LayersWanted wanted, MoveLimits limits, Duration sending)
      throws StepFailed, InterruptedException {
    try {
      return journey
          .asking()
          .untilDone(
              journey.source(),
              new AgentRequest.SendLayers(journey.header(), wanted, limits),
              LayersSent.class,
              new Patience(journey.settings().silence(), sending))
          .bytes();
    } catch (StepFailed failed) {
      throw DestinationFull.named(failed, to);
    }
  }

  private static boolean allThere(MigrationFacts facts) {
    return facts
        .destination()
        .check()
        .map(DestinationFacts::missingImages)
        .filter(missing -> !missing.isEmpty())
        .isEmpty();
  }

  /** Whatever was not kept is gone, at both ends. */
  MigrationFacts drop(MigrationFacts facts) throws StepFailed, InterruptedException {
    if (allThere(facts)) {
      return facts;
    }
    MigrationFacts stopped = journey.unlessFenced(journey.source(), facts, this::stopHere);
    return journey.unlessFenced(stopped.destination().host(), stopped, this::dropThere);
  }

  private MigrationFacts stopHere(MigrationFacts facts) throws StepFailed, InterruptedException {
    journey
        .asking()
        .untilDone(
            journey.source(),
            new AgentRequest.StopLayers(journey.header()),
            Nothing.class,
            journey.forRepeating());
    return facts;
  }

  private MigrationFacts dropThere(MigrationFacts facts) throws StepFailed, InterruptedException {
    journey
        .asking()
        .untilDone(
            facts.destination().host(),
            new AgentRequest.DropLayers(journey.header()),
            Nothing.class,
            journey.forRepeating());
    return facts;
  }

  private MoveLimits limits(MigrationFacts facts) {
    long bytes = facts.described().layers().stream().mapToLong(ImmutableFile::sizeBytes).sum();
    long gib = Math.max(2, Math.ceilDiv(bytes, GIB));
    MigrationSettings settings = journey.settings();
    return Source.limits(settings, gib);
  }
}
