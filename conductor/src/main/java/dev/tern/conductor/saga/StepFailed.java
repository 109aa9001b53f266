package dev.tern.conductor.saga;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import org.jspecify.annotations.Nullable;

/** A step that did not reach what it names. */
public final class StepFailed extends Exception {
  private static final long serialVersionUID = 1L;

  /** What is known of its effect. */
  public enum Effect {
    /** It said no. */
    REFUSED("refused"),
    /** It may have happened, or may still. */
    NO_ANSWER("no answer"),
    /** Its user does not want it any more. */
    ABORTED("aborted");

    private final String word;

    Effect(String word) {
      this.word = word;
    }

    /** For the saga's log. */
    public String word() {
      return word;
    }
  }

  private final Effect effect;
  private final ErrorCode code;
  private final String explanation;

  private StepFailed(Effect effect, Failure failure, @Nullable Throwable cause) {
    super(failure.message(), cause);
    this.effect = effect;
    this.code = failure.code();
    this.explanation = failure.message();
  }

  public static StepFailed refused(Failure failure) {
    return new StepFailed(Effect.REFUSED, failure, null);
  }

  /** Something nobody foresaw. */
  public static StepFailed unexpected(String step, RuntimeException cause) {
    return new StepFailed(
        Effect.REFUSED,
        new Failure(
            ErrorCode.UNEXPECTED,
            "Step %s failed unexpectedly: %s".formatted(step, cause.getClass().getSimpleName())),
        cause);
  }

  public static StepFailed noAnswer(Failure failure) {
    return new StepFailed(Effect.NO_ANSWER, failure, null);
  }

  public static StepFailed aborted() {
    return new StepFailed(
        Effect.ABORTED,
        new Failure(ErrorCode.MIGRATION_CANCELLED, "It was cancelled on request."),
        null);
  }

  public Effect effect() {
    return effect;
  }

  public Failure failure() {
    return new Failure(code, explanation);
  }
}
