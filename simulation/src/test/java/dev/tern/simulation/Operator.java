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
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * Looks now and then whether a migration waits for a host that has lost its power, and states that
 * it is fenced, on the same conditions as {@code POST /v1/migrations/{id}/resolve}. What is stated
 * is always true here: the host stays without power until some time later.
 */
final class Operator {
  private static final Duration ONCE = Duration.ofSeconds(3);
  private static final Duration LOOKS = Duration.ofSeconds(40);

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
    FenceStore fences = simulation.stores().fences();
    try {
      HostName keeps =
          fences.requireWaiting(migration.id(), lost.name(), FenceStore.Runs.ELSEWHERE);
      boolean consents = consents(migration, keeps);
      // It may have got its power back meanwhile; then nobody states anything.
      if (consents && lost.lost() && fences.of(migration.id()).isEmpty()) {
        var _ =
            fences.state(
                migration.id(),
                lost.name(),
                FenceStore.Runs.ELSEWHERE,
                story.requested(fenceNumber()));
        simulation.turns().tell("---- the operator states that " + lost.name() + " is fenced");
        story.lostWith(lost, keeps);
        simulation.wakes(migration.saga());
      }
    } catch (ComputeException e) {
      simulation.turns().tell("---- the operator cannot resolve it: " + e.code());
    }
  }

  private int fenceNumber() {
    return 5_000 + simulation.random().nextInt(1_000_000);
  }

  private boolean consents(MigrationRecord migration, HostName keeps) throws InterruptedException {
    Header header =
        new Header(
            RequestId.of(new UUID(simulation.random().nextLong(), 1)),
            migration.server(),
            migration.epoch(),
            Optional.of(migration.id()));
    boolean source = keeps.equals(migration.source());
    return simulation.net().ask(keeps, new AskGuest(header), ONCE)
            instanceof Asked.Answered(AgentAnswer.Done(GuestReport report))
        && switch (report.runner()) {
          case RUNNING, PAUSED, STOPPED -> true;
          case HANDED_OVER -> source;
          case INCOMING, DEAD, ABSENT, BROKEN, UNKNOWN -> false;
        };
  }
}
