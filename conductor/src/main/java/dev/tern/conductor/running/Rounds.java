package dev.tern.conductor.running;

import dev.tern.contract.Pause;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does one thing again and again on a thread of its own, until closed. A failure only delays. */
public final class Rounds implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Rounds.class);

  private final String name;
  private final Runnable round;
  private final Pause pause;
  private final Duration every;
  private final Thread thread;

  private Rounds(String name, Runnable round, Pause pause, Duration every) {
    this.name = name;
    this.round = round;
    this.pause = pause;
    this.every = every;
    this.thread = Thread.ofVirtual().name(name).unstarted(this::go);
  }

  /** Begins at once. */
  public static Rounds start(String name, Runnable round, Pause pause, Duration every) {
    Rounds rounds = new Rounds(name, round, pause, every);
    rounds.thread.start();
    return rounds;
  }

  private void go() {
    boolean failing = false;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        round.run();
        failing = false;
      } catch (RuntimeException e) {
        if (!failing) {
          log.atWarn()
              .addKeyValue("rounds", name)
              .setCause(e)
              .log("a round failed; the next follows");
        }
        failing = true;
      }
      try {
        pause.of(every);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
