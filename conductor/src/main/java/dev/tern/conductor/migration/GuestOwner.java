package dev.tern.conductor.migration;

import dev.tern.conductor.saga.HandOver;
import dev.tern.conductor.saga.HandOver.Moved;
import dev.tern.conductor.saga.HandOver.NotYet;
import dev.tern.conductor.saga.HandOver.Stayed;
import dev.tern.conductor.saga.HandOver.Unknown;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.amqp.Asked;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Finds out who owns the guest when its source cannot say. The destination is asked first: only it
 * knows that the guest arrived. The source is told to run the guest again in two cases only: the
 * destination has answered that its copy is dead and stays dead; or it does not answer, and an
 * operator has stated that it is fenced. Where it is the source that was stated to be lost, the
 * guest is given up once the destination has answered that its copy is dead.
 */
public final class GuestOwner {
  private final Journey journey;
  private final Testimony testimony;
  private Optional<Duration> waitingSince = Optional.empty();
  private boolean toldThere;

  /**
   * An asker of one migration's hosts.
   *
   * @param clock for people, to be told since when a host is silent
   */
  public GuestOwner(Journey journey, InstantSource clock) {
    this.journey = journey;
    this.testimony = new Testimony(clock);
  }

  HandOver<MigrationFacts> whoOwnsGuest(MigrationFacts facts) throws InterruptedException {
    return switch (find(facts)) {
      case Unknown<MigrationFacts>(MigrationFacts known, String why) ->
          new Unknown<>(known, testimony.told(why, known, journey.source()));
      case Moved<MigrationFacts> moved -> moved;
      case Stayed<MigrationFacts> stayed -> stayed;
      case NotYet<MigrationFacts> notYet -> notYet;
    };
  }

  private Word wordOf(HostName host) throws InterruptedException {
    return testimony.heard(host, journey.wordOf(host));
  }

  private HandOver<MigrationFacts> find(MigrationFacts facts) throws InterruptedException {
    HostName destination = facts.destination().host();
    if (journey.fencing().reliedOn(destination)) {
      return returnHome(facts, journey.fencing().statement());
    }
    if (journey.fencing().reliedOn(journey.source())) {
      return withoutSource(facts);
    }
    if (facts.destinationAwaitsSource() && facts.sourceLetGo().isPresent() && !toldThere) {
      toldThere = true;
      // It stands there, loaded, until it hears this: each question before is a part of its pause.
      if (awaitArrival(facts) instanceof Asked.Answered(AgentAnswer.Done(Arrived arrived))) {
        return new Moved<>(facts.arrivedWith(arrived));
      }
    }
    return switch (wordOf(destination)) {
      case Word.Said(GuestReport there) -> saidThere(facts, there);
      case Word.Silent _ when journey.fencing().relyOn(destination) ->
          returnHome(facts, journey.fencing().statement());
      case Word other ->
          askSource(facts, "%s %s".formatted(destination, other.told()), GiveUp.NEVER);
    };
  }

  private HandOver<MigrationFacts> saidThere(MigrationFacts facts, GuestReport there)
      throws InterruptedException {
    HostName destination = facts.destination().host();
    return switch (there.runner()) {
      case DEAD -> returnHome(facts, there.detail());
      // A guest that is there may still wait for this question, and for nothing else to be asked
      // of its host: from Moved on, nobody can state any more that the host is lost.
      case RUNNING, PAUSED, SUSPENDED, INCOMING, UNKNOWN -> awaitOnce(facts, destination);
      // It may have arrived and ended since, or never have arrived: ending it tells.
      case STOPPED, BROKEN, ABSENT, HANDED_OVER -> killIncoming(facts);
    };
  }

  private HandOver<MigrationFacts> awaitOnce(MigrationFacts facts, HostName destination)
      throws InterruptedException {
    return switch (awaitArrival(facts)) {
      case Asked.Answered(AgentAnswer.Done(Arrived arrived)) ->
          new Moved<>(facts.arrivedWith(arrived));
      case Asked.Answered(AgentAnswer.Done _) -> new Unknown<>(facts, "an answer made no sense");
      // Its QEMU is gone or failed to load the guest: waiting longer only makes the pause longer.
      case Asked.Answered(AgentAnswer.Refused(Failure failure)) ->
          askSource(facts, failure.message(), GiveUp.NOW);
      case Asked.Answered(AgentAnswer.Working _) ->
          askSource(
              facts,
              "its copy waits at %s".formatted(destination),
              waitedTooLong() ? GiveUp.NOW : GiveUp.WITHOUT_SOURCE);
      case Asked.NoAnswer(String reason, _) ->
          askSource(facts, "%s is silent (%s)".formatted(destination, reason), GiveUp.NEVER);
    };
  }

  private Asked<AgentAnswer> awaitArrival(MigrationFacts facts) throws InterruptedException {
    return journey
        .asking()
        .once(
            facts.destination().host(),
            new AgentRequest.AwaitArrival(journey.header(), facts.sourceLetGo()));
  }

  /**
   * The source was stated to be dead, and that is relied on: it runs nothing. A copy that has all
   * and waited for the source's word is the guest; any other is ended.
   */
  private HandOver<MigrationFacts> withoutSource(MigrationFacts facts) throws InterruptedException {
    if (!facts.destinationAwaitsSource()) {
      return killIncoming(facts);
    }
    MigrationFacts alone = facts.letGo();
    return switch (awaitArrival(alone)) {
      case Asked.Answered(AgentAnswer.Done(Arrived arrived)) ->
          new Moved<>(alone.arrivedWith(arrived));
      case Asked.Answered<AgentAnswer> _ -> killIncoming(facts);
      case Asked.NoAnswer(String reason, _) ->
          new Unknown<>(facts, "%s is silent: %s".formatted(facts.destination().host(), reason));
    };
  }

  /** When the copy at the destination is given up, unless the source says more. */
  private enum GiveUp {
    NEVER,
    /** If the source was stated to be lost. */
    WITHOUT_SOURCE,
    NOW
  }

  private boolean waitedTooLong() {
    Duration now = journey.ticker().now();
    Duration since = waitingSince.orElse(now);
    waitingSince = Optional.of(since);
    return now.minus(since).compareTo(journey.settings().arrivalDeadline()) >= 0;
  }

  private HandOver<MigrationFacts> askSource(MigrationFacts facts, String why, GiveUp giveUp)
      throws InterruptedException {
    Word here = wordOf(journey.source());
    if (here.report().isEmpty()) {
      // What follows is decided at the destination: its record "dead" and the guest's arrival
      // exclude each other, and until then nobody relies on what was stated.
      if (here instanceof Word.Silent
          && giveUp != GiveUp.NEVER
          && journey.fencing().stated(journey.source())) {
        // Where the copy waits for the source, it is let run because of what was stated.
        return !facts.destinationAwaitsSource() || journey.fencing().relyOn(journey.source())
            ? withoutSource(facts)
            : new Unknown<>(facts, why);
      }
      return new Unknown<>(facts, "%s, and %s %s".formatted(why, journey.source(), here.told()));
    }
    GuestReport report = here.report().get();
    if (report.runner() == Runner.HANDED_OVER
        && facts.destinationAwaitsSource()
        && facts.sourceLetGo().isEmpty()
        && report.letGo().isPresent()) {
      // The copy waits for this word; one that will never come is not waited for.
      return report.letGo().get()
          ? awaitOnce(facts.letGo(), facts.destination().host())
          : giveUp == GiveUp.NEVER ? new Unknown<>(facts, why) : killIncoming(facts);
    }
    return switch (report.runner()) {
      case RUNNING, PAUSED, SUSPENDED -> runsAtSource(facts);
      // What does not answer may still be sending.
      case HANDED_OVER, UNKNOWN ->
          giveUp == GiveUp.NOW ? killIncoming(facts) : new Unknown<>(facts, why);
      case STOPPED, BROKEN, ABSENT, DEAD, INCOMING -> killIncoming(facts);
    };
  }

  // A source that handed the guest over runs it again only after the destination was dead.
  private HandOver<MigrationFacts> runsAtSource(MigrationFacts facts) {
    waitingSince = Optional.empty();
    return facts.handedOver().map(HandedOver::sent).orElse(false)
        ? new Stayed<>(facts, failed("it runs there"))
        : new NotYet<>(facts);
  }

  private HandOver<MigrationFacts> killIncoming(MigrationFacts facts) throws InterruptedException {
    HostName destination = facts.destination().host();
    return switch (journey
        .asking()
        .once(destination, new AgentRequest.KillIncoming(journey.header()))) {
      case Asked.Answered(AgentAnswer.Done(GuestReport report)) ->
          report.runner() == Runner.DEAD
              ? returnHome(facts, report.detail())
              : new Unknown<>(facts, "its copy is %s".formatted(report.runner()));
      case Asked.Answered(AgentAnswer.Done _) -> new Unknown<>(facts, "an answer made no sense");
      case Asked.Answered(AgentAnswer.Refused(Failure failure)) -> refusedToDie(facts, failure);
      case Asked.Answered(AgentAnswer.Working(String what)) -> new Unknown<>(facts, what);
      case Asked.NoAnswer(String reason, _) ->
          new Unknown<>(facts, "%s is silent: %s".formatted(destination, reason));
    };
  }

  private HandOver<MigrationFacts> refusedToDie(MigrationFacts facts, Failure failure)
      throws InterruptedException {
    Optional<GuestReport> there = wordOf(facts.destination().host()).report();
    if (there.isEmpty() || failure.code().kind() != ErrorCode.Kind.CONFLICT) {
      return new Unknown<>(facts, failure.message());
    }
    return switch (there.get().runner()) {
      // Refused because it arrived; it has ended since.
      case STOPPED, BROKEN ->
          failure.code() == ErrorCode.STALE_EPOCH
              ? new Unknown<>(facts, failure.message())
              : arrivedAndEnded(facts);
      case RUNNING, PAUSED, SUSPENDED, INCOMING, HANDED_OVER, DEAD, ABSENT, UNKNOWN ->
          new Unknown<>(facts, failure.message());
    };
  }

  private HandOver<MigrationFacts> arrivedAndEnded(MigrationFacts facts)
      throws InterruptedException {
    HostName destination = facts.destination().host();
    return switch (awaitArrival(facts)) {
      case Asked.Answered(AgentAnswer.Done(Arrived arrived)) ->
          new Moved<>(facts.arrivedWith(arrived));
      case Asked.Answered(AgentAnswer.Refused _) ->
          new Moved<>(facts.arrivedWith(new Arrived(Optional.empty())));
      case Asked.Answered(AgentAnswer.Done _) -> new Unknown<>(facts, "an answer made no sense");
      case Asked.Answered(AgentAnswer.Working(String what)) -> new Unknown<>(facts, what);
      case Asked.NoAnswer(String reason, _) ->
          new Unknown<>(facts, "%s is silent: %s".formatted(destination, reason));
    };
  }

  private HandOver<MigrationFacts> returnHome(MigrationFacts facts, String detail)
      throws InterruptedException {
    if (journey.fencing().reliedOn(journey.source())) {
      return lost(facts, detail);
    }
    return switch (journey
        .asking()
        .once(journey.source(), new AgentRequest.ReturnHome(journey.header()))) {
      case Asked.Answered(AgentAnswer.Done _) -> new Stayed<>(facts, failed(detail));
      case Asked.Answered(AgentAnswer.Refused(Failure failure)) ->
          diedEverywhere() ? new Stayed<>(facts, failed(detail)) : unknown(facts, failure);
      case Asked.Answered(AgentAnswer.Working(String what)) ->
          new Unknown<>(facts, "it returns to %s: %s".formatted(journey.source(), what));
      case Asked.NoAnswer<AgentAnswer> unheard -> {
        Word word = testimony.heard(journey.source(), Word.of(unheard));
        yield word instanceof Word.Silent && journey.fencing().relyOn(journey.source())
            ? lost(facts, detail)
            : new Unknown<>(
                facts, "its copy is dead, and %s %s".formatted(journey.source(), word.told()));
      }
    };
  }

  private HandOver<MigrationFacts> lost(MigrationFacts facts, String detail) {
    return new Stayed<>(
        facts,
        new Failure(
            ErrorCode.HYPERVISOR_FAILED,
            "The guest had not arrived at %s%s"
                .formatted(
                    facts.destination().host(),
                    detail.isEmpty() ? "" : " (%s)".formatted(detail))));
  }

  private static HandOver<MigrationFacts> unknown(MigrationFacts facts, Failure failure) {
    return new Unknown<>(facts, failure.message());
  }

  // What is undone next finds the guest lost.
  private boolean diedEverywhere() throws InterruptedException {
    return wordOf(journey.source())
        .report()
        .map(report ->
            switch (report.runner()) {
              case STOPPED, BROKEN, ABSENT, DEAD, RUNNING, PAUSED, SUSPENDED -> true;
              case HANDED_OVER, INCOMING, UNKNOWN -> false;
            })
        .orElse(false);
  }

  private Failure failed(String detail) {
    return new Failure(
        ErrorCode.HYPERVISOR_FAILED,
        "The guest did not arrive and stayed at %s: %s".formatted(journey.source(), detail));
  }
}
