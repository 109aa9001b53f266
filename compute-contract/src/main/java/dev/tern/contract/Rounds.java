package dev.tern.contract;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Does one thing again and again on a thread of its own, until closed. A failure only delays, an
 * {@link Error} too: a process that went on without its beats or sweeps would look well.
 */
public final class Rounds implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Rounds.class);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(15);

  /** What is done each time. It ends early when its thread is interrupted. */
  @FunctionalInterface
  public interface Round {
    void run() throws InterruptedException;
  }

  private final String name;
  private final Round round;
  private final Pause pause;
  private final Supplier<Duration> every;

  /** Guarded by this. */
  private @Nullable Thread thread;

  /**
   * Rounds that have not begun.
   *
   * @param name of the thread, and in the log
   * @param every how long to rest after a round; asked after each
   */
  public Rounds(String name, Round round, Pause pause, Supplier<Duration> every) {
    this.name = name;
    this.round = round;
    this.pause = pause;
    this.every = every;
  }

  /** The same, with one rest after each. */
  public Rounds(String name, Round round, Pause pause, Duration every) {
    this(name, round, pause, () -> every);
  }

  /** Begins the first round at once; nothing when they have begun. */
  public synchronized void start() {
    if (thread == null) {
      thread = Thread.ofVirtual().name(name).start(this::go);
    }
  }

  private void go() {
    boolean failing = false;
    try {
      while (!Thread.currentThread().isInterrupted()) {
        failing = fails(failing);
        pause.of(every.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One round; of failures in a row only the first is told. */
  private boolean fails(boolean failedBefore) throws InterruptedException {
    try {
      round.run();
      return false;
    } catch (RuntimeException | Error e) {
      if (!failedBefore) {
        log.atLevel(e instanceof Error ? Level.ERROR : Level.WARN)
            .addKeyValue("rounds", name)
            .setCause(e)
            .log("a round failed; the next follows");
      }
      return true;
    }
  }

  /** Interrupts the round that is under way, and waits up to 15 s until it has ended. */
  @Override
  public synchronized void close() {
    Thread running = thread;
    if (running == null) {
      return;
    }
    running.interrupt();
    try {
      if (!running.join(LONGEST_STOP)) {
        log.atWarn().addKeyValue("rounds", name).log("a round does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
