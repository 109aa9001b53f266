package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.MissingMemory;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.Nothing;
import java.time.Duration;
import java.util.Optional;

/**
 * What the guest lacks that arrived by post-copy. It runs until it touches a page that is not there
 * yet. When its source's QEMU has ended, it stands there for ever: its memory is half of a memory,
 * so it is ended and said to be lost. Its disks are whole, since post-copy begins when they are.
 */
final class LastMemory {
  /** Whose server it is sees no hosts. */
  static final Failure FAULT =
      new Failure(
          ErrorCode.GUEST_MEMORY_LOST,
          "The server was being moved and ran already at its new place when the rest of its memory"
              + " was lost with the old one. It was ended; its disks are whole.");

  private final Journey journey;

  LastMemory(Journey journey) {
    this.journey = journey;
  }

  /**
   * Returns when all memory is there, or when it is known that it never will be.
   *
   * @throws StepFailed while some is on its way, or a host does not say
   */
  MigrationFacts await(MigrationFacts facts) throws StepFailed, InterruptedException {
    if (facts.handedOver().filter(said -> said.sent() && said.reason().isEmpty()).isPresent()) {
      return facts; // the source's QEMU has sent all
    }
    HostName host = facts.destination().host();
    Word word = journey.wordOf(host);
    GuestReport there = word.report().orElseThrow(() -> unknown(host, word.told()));
    if (there.runner() == Runner.UNKNOWN) {
      throw unknown(host, "cannot say (%s)".formatted(there.detail()));
    }
    if (there.missing().isEmpty()) {
      return facts;
    }
    if (!canBringNoMore(there.missing().get())) {
      throw StepFailed.refused(
          new Failure(
              ErrorCode.INSTANCE_INVALID_STATE, "Host %s: %s.".formatted(host, there.detail())));
    }
    return facts
        .guestLost()
        .failedWith(
            new Failure(
                ErrorCode.GUEST_MEMORY_LOST,
                ("The QEMU on %s ended before all of the guest's memory had come to %s, where the"
                        + " guest ran already; the guest was ended there. Its disks are whole.")
                    .formatted(journey.source(), host)));
  }

  /**
   * Of a QEMU that ended on a living host the destination hears, so what is still coming is waited
   * for; of a host that was switched off it may never hear.
   */
  private boolean canBringNoMore(MissingMemory there) throws InterruptedException {
    HostName source = journey.source();
    if (journey.fencing().reliedOn(source)) {
      return true;
    }
    return switch (journey.wordOf(source)) {
      case Word.Said(GuestReport here) ->
          here.missing().equals(Optional.of(MissingMemory.CUT_OFF))
              && there == MissingMemory.CUT_OFF;
      case Word.Silent _ -> journey.fencing().stated(source) && journey.fencing().relyOn(source);
      case Word.Evasive _, Word.Unasked _ -> false;
    };
  }

  private static StepFailed unknown(HostName host, String told) {
    return StepFailed.noAnswer(
        new Failure(
            ErrorCode.AGENT_NO_ANSWER,
            "Whether all of the guest's memory is there: host %s %s.".formatted(host, told)));
  }

  /** Ends a guest that stands for ever, once it is recorded as lost. */
  void end(MigrationFacts facts) throws StepFailed, InterruptedException {
    journey
        .asking()
        .untilDone(
            facts.destination().host(),
            new AgentRequest.StopServer(journey.header(), Duration.ZERO),
            Nothing.class,
            journey.forRepeating());
  }
}
