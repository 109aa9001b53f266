package dev.tern.simulation;

import dev.tern.contract.ComputeException;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.FenceStore;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * Looks now and then whether a migration waits for a host that has lost its power, and states that
 * it is fenced, and with some seeds that the guest is lost with it, on the same conditions as
 * {@code POST /v1/migrations/{id}/resolve}. What is stated is always true here: the host stays
 * without power until some time later.
 */
final class Operator {
  private static final Duration ONCE = Duration.ofSeconds(3);
  private static final Duration LOOKS = Duration.ofSeconds(40);

  /** Of so many seeds, so many are of operators who give a guest up. */
  private static final int PATIENCE = 5;

  private static final int IMPATIENT = 2;

  private final Simulation simulation;
  private final Party party;

  Operator(Simulation simulation) {
    this.simulation = simulation;
    this.party = new Party(simulation.turns(), "operator");
  }

  /** From when a host is lost until it is back. */
  void watch(Host lost) {
    party.start(
        "looks after " + lost.name(),
        () -> {
          try {
            while (lost.lost()) {
              simulation.turns().pause(LOOKS);
              for (Story story : simulation.stories().all()) {
                look(story, lost);
              }
            }
          } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this", e);
          }
        });
  }

  private void look(Story story, Host lost) throws InterruptedException {
    if (story.migrations().isEmpty()) {
      return;
    }
    MigrationRecord migration = simulation.migration(story.migrations().getLast());
    try {
      state(story, migration, lost, Runs.ELSEWHERE);
    } catch (ComputeException e) {
      simulation.turns().tell("---- the operator cannot resolve it: " + e.code());
      if (givesUp()) {
        giveUp(story, migration, lost);
      }
    }
  }

  /** Some operators wait for a host with the only copy until it is back. */
  private boolean givesUp() {
    return Math.floorMod(simulation.plan().seed(), PATIENCE) < IMPATIENT;
  }

  private void giveUp(Story story, MigrationRecord migration, Host lost)
      throws InterruptedException {
    try {
      state(story, migration, lost, Runs.NOWHERE);
    } catch (ComputeException e) {
      simulation.turns().tell("---- nor give the guest up: " + e.code());
    }
  }

  private void state(Story story, MigrationRecord migration, Host lost, Runs runs)
      throws InterruptedException {
    FenceStore fences = simulation.stores().fences();
    HostName other = fences.requireWaiting(migration.id(), lost.name(), runs);
    boolean consents = consents(migration, other, runs);
    // It may have got its power back meanwhile; then nobody states anything.
    if (consents && lost.lost() && fences.of(migration.id()).isEmpty()) {
      var _ = fences.state(migration.id(), lost.name(), runs, story.requested(fenceNumber()));
      simulation.turns().tell("---- the operator states that " + lost.name() + " is fenced");
      if (runs == Runs.ELSEWHERE) {
        story.lostWith(lost, other);
      } else {
        simulation.turns().tell("---- and that the guest runs nowhere");
      }
      simulation.wakes(migration.saga());
    }
  }

  private int fenceNumber() {
    return 5_000 + simulation.random().nextInt(1_000_000);
  }

  private boolean consents(MigrationRecord migration, HostName other, Runs runs)
      throws InterruptedException {
    Header header =
        new Header(
            RequestId.of(new UUID(simulation.random().nextLong(), 1)),
            migration.server(),
            migration.epoch(),
            Optional.of(migration.id()));
    boolean source = other.equals(migration.source());
    return simulation.net().ask(other, new AskGuest(header), ONCE)
            instanceof Asked.Answered(AgentAnswer.Done(GuestReport report))
        && switch (report.runner()) {
          case RUNNING, PAUSED, SUSPENDED, STOPPED -> runs == Runs.ELSEWHERE;
          case HANDED_OVER -> runs == Runs.ELSEWHERE && source;
          case INCOMING, DEAD, ABSENT -> runs == Runs.NOWHERE;
          case BROKEN, UNKNOWN -> false;
        };
  }
}
