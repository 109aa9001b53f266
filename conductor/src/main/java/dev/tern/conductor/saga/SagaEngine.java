package dev.tern.conductor.saga;

import dev.tern.conductor.saga.HandOver.Moved;
import dev.tern.conductor.saga.HandOver.NotYet;
import dev.tern.conductor.saga.HandOver.Stayed;
import dev.tern.conductor.saga.HandOver.Unknown;
import dev.tern.conductor.saga.Saga.Action;
import dev.tern.conductor.saga.Saga.After;
import dev.tern.conductor.saga.Saga.Before;
import dev.tern.conductor.saga.Saga.Pivot;
import dev.tern.conductor.saga.Saga.Step;
import dev.tern.conductor.saga.Saga.Turn;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.Phase;
import dev.tern.store.DatabaseAway;
import dev.tern.store.SagaStore.Direction;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.SagaStore.Position;
import java.time.Duration;
import java.util.Optional;

/**
 * Runs one saga, on the thread that calls it, from where it stands to its end. Returns when the
 * saga has ended in the database. Throws {@link LeaseLostException} when another conductor has it,
 * and what the store throws when the database is away: in both cases the next holder of the lease
 * goes on from what was written.
 */
public final class SagaEngine<F extends SagaFacts<F>> {
  /** How often something nobody foresaw may happen to a step that can be taken back. */
  private static final int UNFORESEEN_LIMIT = 3;

  private final Saga<F> saga;
  private final Journal<F> journal;
  private final Hold hold;
  private final Backoff backoff;
  private final Ticker ticker;
  private final Duration doubtAfter;
  private final SagaLog log;
  private Optional<Phase> phase = Optional.empty();

  /**
   * An engine for one run.
   *
   * @param doubtAfter how long nobody may say where the guest is before that is shown
   */
  public SagaEngine(
      Saga<F> saga,
      Journal<F> journal,
      Hold hold,
      Backoff backoff,
      Ticker ticker,
      Duration doubtAfter,
      SagaLog log) {
    this.saga = saga;
    this.journal = journal;
    this.hold = hold;
    this.backoff = backoff;
    this.ticker = ticker;
    this.doubtAfter = doubtAfter;
    this.log = log;
  }

  /** Goes on from a position; from the beginning when there is none. */
  public void run(Optional<Position> position, F facts) throws InterruptedException {
    Position from = position.orElseGet(() -> new Position(Direction.FORWARD, saga.step(0).name()));
    try {
      switch (from.direction()) {
        case FORWARD -> forward(saga.indexOf(from.step()), facts);
        case BACK -> back(saga.indexOf(from.step()), facts);
      }
    } finally {
      log.ends();
    }
  }

  private sealed interface Next<F> {
    record Go<F>(int to, F facts) implements Next<F> {}

    record Back<F>(F facts) implements Next<F> {}
  }

  private void forward(int from, F begun) throws InterruptedException {
    F facts = begun;
    int at = from;
    while (at < saga.steps().size()) {
      enter(saga.step(at));
      Next<F> next =
          switch (saga.step(at)) {
            case Before<F> step -> attempt(at, step, facts);
            case Pivot<F> step -> turn(at, step, facts);
            case After<F> step -> insist(at, step, facts);
          };
      switch (next) {
        case Next.Go<F>(int to, F learned) -> {
          at = to;
          facts = learned;
        }
        case Next.Back<F>(F failed) -> {
          back(at, failed);
          return;
        }
      }
    }
    saga.done().end(facts);
  }

  private void enter(Step<F> step) {
    if (!step.phase().equals(phase)) {
      step.phase().ifPresent(saga.entered());
      phase = step.phase();
      log.phase(phase);
    }
  }

  // ---- before the pivot: what fails is taken back ---------------------------------------------

  private Next<F> attempt(int at, Before<F> step, F facts) throws InterruptedException {
    Duration begun = started(step, facts);
    hold.abortable(true);
    try {
      if (hold.look()) {
        throw StepFailed.aborted();
      }
      F learned = foreseen(step.name(), step.action(), facts);
      finished(at, step, learned, begun);
      return new Next.Go<>(at + 1, learned);
    } catch (StepFailed failed) {
      return otherwise(at, step, facts, failed);
    } finally {
      hold.abortable(false);
    }
  }

  private Next<F> otherwise(int at, Before<F> step, F facts, StepFailed failed) {
    log.failed(step.name(), failed);
    if (failed.effect() != StepFailed.Effect.ABORTED && step.otherwise().isPresent()) {
      Saga.Otherwise<F> otherwise = step.otherwise().get();
      Optional<F> other = otherwise.other().after(facts, failed);
      if (other.isPresent()) {
        Position again = new Position(Direction.FORWARD, otherwise.from());
        write(again, other.get(), step, failed.effect().word(), failed.failure().message());
        return new Next.Go<>(saga.indexOf(otherwise.from()), other.get());
      }
    }
    return turnBack(at, facts.failedWith(failed.failure()), failed.effect().word());
  }

  private F foreseen(String name, Action<F> action, F facts)
      throws StepFailed, InterruptedException {
    Backoff.Series rests = backoff.series();
    for (int left = UNFORESEEN_LIMIT; ; left--) {
      try {
        return action.run(facts);
      } catch (LeaseLostException | Parked e) {
        throw e;
      } catch (ComputeException e) {
        throw StepFailed.refused(new Failure(e.code(), e.explanation()));
      } catch (RuntimeException e) {
        if (DatabaseAway.is(e)) {
          throw e; // That says nothing of the step, and ends no migration.
        }
        if (left == 1) {
          throw StepFailed.unexpected(name, e);
        }
        log.unforeseen(name, e);
        rests.rest();
      }
    }
  }

  private Next<F> turnBack(int at, F failed, String what) {
    Step<F> step = saga.step(at);
    String why = failed.failure().map(Failure::message).orElse("");
    write(new Position(Direction.BACK, step.name()), failed, step, what, why);
    return new Next.Back<>(failed);
  }

  // The step in doubt is undone too: its answer may just have been lost.
  private void back(int from, F failed) throws InterruptedException {
    F facts = failed;
    for (int at = from; at >= 0; at--) {
      if (saga.step(at) instanceof Before<F> step && step.undo().isPresent()) {
        Duration begun = ticker.now();
        log.undoing(step.name());
        facts = untilItSucceeds(step.name(), step.undo().get(), facts);
        Position next = new Position(Direction.BACK, saga.step(Math.max(at - 1, 0)).name());
        write(next, facts, step, "undone", "");
        log.undone(step.name(), ticker.now().minus(begun));
      }
    }
    saga.undone().end(facts);
  }

  // ---- the pivot: nothing is guessed ----------------------------------------------------------

  private Next<F> turn(int at, Pivot<F> step, F begunWith) throws InterruptedException {
    Duration begun = started(step, begunWith);
    F facts = begunWith;
    Backoff.Series rests = backoff.series();
    Doubt doubt = new Doubt();
    while (true) {
      HandOver<F> outcome = ask(step.name(), step.turn(), facts);
      if (outcome instanceof Unknown<F>(F known, String why)) {
        if (!known.equals(facts)) {
          write(new Position(Direction.FORWARD, step.name()), known, step, "asking", why);
        }
        outcome = ask(step.name(), step.ifUnknown(), known);
      }
      switch (outcome) {
        case Moved<F>(F learned) -> {
          doubt.cleared();
          finished(at, step, learned, begun);
          return new Next.Go<>(at + 1, learned);
        }
        case Stayed<F>(F learned, Failure reason) -> {
          doubt.cleared();
          log.stayed(step.name(), reason);
          return turnBack(at, learned.failedWith(reason), "stayed");
        }
        case NotYet<F>(F learned) -> {
          doubt.cleared();
          facts = learned;
          rests.restart();
          rests.rest();
        }
        case Unknown<F>(F learned, String why) -> {
          facts = learned;
          doubt.goesOn(why);
          rests.rest();
        }
      }
      hold.look();
    }
  }

  private HandOver<F> ask(String name, Turn<F> turn, F facts) throws InterruptedException {
    try {
      return turn.ask(facts);
    } catch (LeaseLostException e) {
      throw e;
    } catch (StepFailed e) {
      return new Unknown<>(facts, e.failure().message());
    } catch (RuntimeException e) {
      log.unforeseen(name, e);
      return new Unknown<>(facts, "asking failed: " + e.getClass().getSimpleName());
    }
  }

  /** Shown only when it lasts. */
  private final class Doubt {
    private Optional<Duration> since = Optional.empty();
    private String shown = "";

    void goesOn(String why) {
      Duration now = ticker.now();
      Duration began = since.orElse(now);
      since = Optional.of(began);
      if (!why.equals(shown) && now.minus(began).compareTo(doubtAfter) >= 0) {
        saga.doubt().inDoubt(true, why);
        if (shown.isEmpty()) {
          log.inDoubt(why);
        }
        shown = why;
      }
    }

    // Also when this run has shown none: the conductor before may have.
    void cleared() {
      since = Optional.empty();
      shown = "";
      saga.doubt().inDoubt(false, "");
    }
  }

  // ---- after the pivot, and undoing: repeated until it succeeds -------------------------------

  private Next<F> insist(int at, After<F> step, F facts) throws InterruptedException {
    Duration begun = started(step, facts);
    F learned = untilItSucceeds(step.name(), step.action(), facts);
    finished(at, step, learned, begun);
    return new Next.Go<>(at + 1, learned);
  }

  private F untilItSucceeds(String name, Action<F> action, F facts) throws InterruptedException {
    Backoff.Series rests = backoff.series();
    while (true) {
      hold.look();
      try {
        return action.run(facts);
      } catch (LeaseLostException e) {
        throw e;
      } catch (StepFailed failed) {
        if (failed.failure().code() == ErrorCode.STALE_EPOCH) {
          // A newer operation has the server there; what this one left is that one's to clear.
          log.overtaken(name);
          return facts;
        }
        log.repeats(name, failed);
      } catch (RuntimeException e) {
        log.unforeseen(name, e);
      }
      rests.rest();
    }
  }

  // ---- written down ---------------------------------------------------------------------------

  private Duration started(Step<F> step, F facts) {
    log.started(step.name());
    write(new Position(Direction.FORWARD, step.name()), facts, step, "started", "");
    return ticker.now();
  }

  // The last step stays the position until the saga ends: a successor repeats it, then ends.
  private void finished(int at, Step<F> step, F learned, Duration begun) {
    Step<F> next = saga.step(Math.min(at + 1, saga.steps().size() - 1));
    write(new Position(Direction.FORWARD, next.name()), learned, step, "done", "");
    log.finished(step.name(), ticker.now().minus(begun));
  }

  private void write(Position position, F facts, Step<F> step, String what, String detail) {
    journal.write(position, facts, step.name(), what, detail);
  }
}
