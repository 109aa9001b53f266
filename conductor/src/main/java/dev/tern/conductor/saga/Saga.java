package dev.tern.conductor.saga;

import dev.tern.contract.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A story in steps, told by {@link #tell}. Immutable; {@link SagaEngine} runs it.
 *
 * @param undone ends the saga in the database after everything was taken back
 * @param done ends the saga in the database
 */
public record Saga<F extends SagaFacts<F>>(
    List<Step<F>> steps,
    Consumer<Phase> entered,
    DoubtSink doubt,
    Ending<F> undone,
    Ending<F> done) {

  public Saga {
    steps = List.copyOf(steps);
  }

  /** Something to reach. May run twice. */
  @FunctionalInterface
  public interface Action<F> {
    /** What is known then; {@link StepFailed} when it was not reached. */
    F run(F facts) throws StepFailed, InterruptedException;
  }

  /** Something after which there may be no way back. May run twice. */
  @FunctionalInterface
  public interface Turn<F> {
    HandOver<F> ask(F facts) throws StepFailed, InterruptedException;
  }

  /** Ends the saga in the database, in one transaction. */
  @FunctionalInterface
  public interface Ending<F> {
    void end(F facts) throws InterruptedException;
  }

  /** Told when nobody can say where the guest runs, and when somebody can again. */
  @FunctionalInterface
  public interface DoubtSink {
    void inDoubt(boolean inDoubt, String why);
  }

  /** Where to go on after a step failed, instead of turning back. */
  public record Otherwise<F>(String from, Other<F> other) {}

  /** Whether there is another way, and the facts to go it with. */
  @FunctionalInterface
  public interface Other<F> {
    Optional<F> after(F facts, StepFailed failed);
  }

  /** One line of the story. */
  public sealed interface Step<F> {
    String name();

    Optional<Phase> phase();
  }

  /** Can be taken back. */
  public record Before<F>(
      String name,
      Optional<Phase> phase,
      Action<F> action,
      Optional<Action<F>> undo,
      Optional<Otherwise<F>> otherwise)
      implements Step<F> {}

  /** The point of no return. */
  public record Pivot<F>(String name, Optional<Phase> phase, Turn<F> turn, Turn<F> ifUnknown)
      implements Step<F> {}

  /** Repeats until it succeeds. */
  public record After<F>(String name, Optional<Phase> phase, Action<F> action) implements Step<F> {}

  /** Begins a story. */
  public static <F extends SagaFacts<F>> Story<F> tell() {
    return new Story<>();
  }

  /** Reads better in a story. */
  public static <F> Action<F> undo(Action<F> action) {
    return action;
  }

  /** Reads better in a story. */
  public static <F> Turn<F> ifUnknown(Turn<F> turn) {
    return turn;
  }

  /** When the step fails, the story may go on from an earlier one. */
  public static <F> Otherwise<F> orElse(String from, Other<F> other) {
    return new Otherwise<>(from, other);
  }

  Step<F> step(int index) {
    return steps.get(index);
  }

  int indexOf(String name) {
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalStateException("no step is named " + name);
  }

  /** A story being told. */
  public static final class Story<F extends SagaFacts<F>> {
    private final List<Step<F>> steps = new ArrayList<>();
    private Optional<Phase> phase = Optional.empty();
    private Consumer<Phase> entered = entered -> {};
    private DoubtSink doubt = (inDoubt, why) -> {};

    public Story<F> onPhase(Consumer<Phase> listener) {
      entered = listener;
      return this;
    }

    public Story<F> onDoubt(DoubtSink sink) {
      doubt = sink;
      return this;
    }

    public Story<F> phase(Phase next) {
      phase = Optional.of(next);
      return this;
    }

    /** A step that leaves nothing to take back. */
    public Story<F> step(String name, Action<F> action) {
      return add(new Before<>(name, phase, action, Optional.empty(), Optional.empty()));
    }

    public Story<F> step(String name, Action<F> action, Action<F> undo) {
      return add(new Before<>(name, phase, action, Optional.of(undo), Optional.empty()));
    }

    public Story<F> step(String name, Action<F> action, Otherwise<F> otherwise) {
      return add(new Before<>(name, phase, action, Optional.empty(), Optional.of(otherwise)));
    }

    public Story<F> step(String name, Action<F> action, Action<F> undo, Otherwise<F> otherwise) {
      return add(new Before<>(name, phase, action, Optional.of(undo), Optional.of(otherwise)));
    }

    public Story<F> pivot(String name, Turn<F> turn, Turn<F> ifUnknown) {
      return add(new Pivot<>(name, phase, turn, ifUnknown));
    }

    public Story<F> then(String name, Action<F> action) {
      return add(new After<>(name, phase, action));
    }

    /** Says how it ends in the database, taken back or done. */
    public Saga<F> ends(Ending<F> undone, Ending<F> done) {
      return new Saga<>(steps, entered, doubt, undone, done);
    }

    private Story<F> add(Step<F> step) {
      steps.add(step);
      return this;
    }
  }
}
