package dev.tern.conductor.saga;

import dev.tern.contract.Failure;
import dev.tern.contract.Phase;
import dev.tern.contract.tracing.Traced;
import dev.tern.contract.tracing.Tracing;
import dev.tern.store.SagaStore.SagaRecord;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/** The log lines of one saga, all with its server, migration and request. */
public final class SagaLog {
  private static final Logger log = LoggerFactory.getLogger(SagaLog.class);

  private static final Duration SAY_EVERY = Duration.ofSeconds(30);

  private final SagaRecord saga;
  private final Ticker ticker;
  private final UnaryOperator<LoggingEventBuilder> figures;
  private final Tracing tracing;
  private Traced traced = Traced.NONE;
  private Optional<Phase> phase = Optional.empty();
  private String step = "-";
  private Duration begun;
  private Duration said;

  /**
   * The log of a saga that begins, or goes on, now.
   *
   * @param figures adds to a line how far the saga is
   */
  public SagaLog(
      SagaRecord saga, Ticker ticker, UnaryOperator<LoggingEventBuilder> figures, Tracing tracing) {
    this.tracing = tracing;
    this.saga = saga;
    this.ticker = ticker;
    this.figures = figures;
    this.begun = ticker.now();
    this.said = begun;
  }

  /** A line with the keys every line of this saga has. */
  public LoggingEventBuilder at(Level level) {
    return log.atLevel(level)
        .addKeyValue("server", saga.server())
        .addKeyValue("request", saga.request())
        .addKeyValue("saga", saga.kind())
        .addKeyValue("migration", saga.migration().map(Object::toString).orElse("-"))
        .addKeyValue("phase", phase.map(Phase::name).orElse("-"));
  }

  void phase(Optional<Phase> entered) {
    phase = entered;
  }

  void started(String step) {
    begins(step, step);
    at(Level.INFO).addKeyValue("step", step).log("step started");
  }

  void undoing(String step) {
    begins(step, "undo " + step);
    at(Level.INFO).addKeyValue("step", step).log("step is being undone");
  }

  private void begins(String next, String name) {
    ends();
    traced = tracing.work(saga.request(), name);
    phase.ifPresent(now -> traced.with("phase", now.name()));
    step = next;
    begun = ticker.now();
    said = begun;
  }

  /** This run is over, or a step of it is. */
  void ends() {
    traced.close();
    traced = Traced.NONE;
  }

  /** Says every 30 s of a step that it goes on, and how far it is; in between, nothing. */
  public void goesOn() {
    Duration now = ticker.now();
    if (now.minus(said).compareTo(SAY_EVERY) < 0) {
      return;
    }
    said = now;
    figures
        .apply(at(Level.INFO).addKeyValue("step", step).addKeyValue("took", now.minus(begun)))
        .log("step goes on");
  }

  void finished(String step, Duration took) {
    ends();
    at(Level.INFO).addKeyValue("step", step).addKeyValue("took", took).log("step finished");
  }

  void failed(String step, StepFailed failed) {
    traced.failed(failed.failure().message());
    ends();
    at(Level.INFO)
        .addKeyValue("step", step)
        .addKeyValue("effect", failed.effect().word())
        .addKeyValue("code", failed.failure().code())
        .addKeyValue("reason", failed.failure().message())
        .setCause(failed.getCause())
        .log("step failed");
  }

  void stayed(String step, Failure reason) {
    traced.failed(reason.message());
    ends();
    at(Level.WARN)
        .addKeyValue("step", step)
        .addKeyValue("code", reason.code())
        .addKeyValue("reason", reason.message())
        .log("the guest stays at its source");
  }

  void undone(String step, Duration took) {
    ends();
    at(Level.INFO).addKeyValue("step", step).addKeyValue("took", took).log("step undone");
  }

  void repeats(String step, StepFailed failed) {
    traced.event("repeats", failed.failure().message());
    at(Level.WARN)
        .addKeyValue("step", step)
        .addKeyValue("effect", failed.effect().word())
        .addKeyValue("code", failed.failure().code())
        .addKeyValue("reason", failed.failure().message())
        .log("step will be repeated");
  }

  void overtaken(String step) {
    traced.event("overtaken", "");
    at(Level.WARN).addKeyValue("step", step).log("step left to a newer operation of the server");
  }

  void inDoubt(String why) {
    traced.event("in doubt", why);
    at(Level.ERROR).addKeyValue("reason", why).log("nobody can say where the guest runs");
  }

  void unforeseen(String step, RuntimeException cause) {
    traced.event("unforeseen", cause.toString());
    at(Level.ERROR).addKeyValue("step", step).setCause(cause).log("step failed unexpectedly");
  }
}
