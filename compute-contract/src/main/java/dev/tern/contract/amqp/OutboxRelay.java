package dev.tern.contract.amqp;

import dev.tern.contract.Pause;
import dev.tern.contract.conductor.Outbox;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries messages from the outbox to the broker. Any number of these may run, in any process: each
 * takes messages for itself for a while. A message is removed only when the broker has confirmed it
 * and routed it to a queue, so it is sent at least once.
 */
public final class OutboxRelay {
  private static final Logger log = LoggerFactory.getLogger(OutboxRelay.class);

  /** Publishes and waits for the broker's word. */
  @FunctionalInterface
  public interface Publisher {
    /**
     * Publishes all entries and waits for their confirms.
     *
     * @return the numbers of those that the broker has taken and routed; the others stay owed
     */
    List<Long> publish(List<Outbox.Entry> entries, Duration deadline) throws InterruptedException;
  }

  private static final int BATCH = 100;
  private static final Duration HOLD = Duration.ofSeconds(30);
  private static final Duration CONFIRM_DEADLINE = Duration.ofSeconds(10);

  private final Outbox outbox;
  private final Publisher publisher;
  private final Pause pause;
  private final Duration idle;

  /**
   * A relay that is not running yet.
   *
   * @param idle between two looks at an empty outbox
   */
  public OutboxRelay(Outbox outbox, Publisher publisher, Pause pause, Duration idle) {
    this.outbox = outbox;
    this.publisher = publisher;
    this.pause = pause;
    this.idle = idle;
  }

  /** Carries one batch over; answers how many were taken and how many of them the broker has. */
  public Batch relayOnce() throws InterruptedException {
    List<Outbox.Entry> entries = outbox.take(BATCH, HOLD);
    if (entries.isEmpty()) {
      return new Batch(0, 0);
    }
    List<Long> confirmed = publisher.publish(entries, CONFIRM_DEADLINE);
    if (!confirmed.isEmpty()) {
      outbox.sent(confirmed);
    }
    return new Batch(entries.size(), confirmed.size());
  }

  /** How a batch went. */
  public record Batch(int taken, int sent) {}

  /** Carries until its thread is interrupted. A failure (no broker, no database) only delays. */
  public void run() {
    boolean failing = false;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Batch batch = relayOnce();
        if (failing && batch.sent() > 0) {
          log.info("the outbox is being sent again");
          failing = false;
        }
        if (batch.taken() == 0 || batch.sent() < batch.taken()) {
          pause.of(idle);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException e) {
        if (!failing) {
          log.atWarn().setCause(e).log("the outbox could not be sent; it is kept and tried again");
          failing = true;
        }
        rest();
      }
    }
  }

  private void rest() {
    try {
      pause.of(idle.multipliedBy(4));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
