package dev.tern.api.deadletters;

import dev.tern.contract.amqp.Undelivered;
import dev.tern.contract.dead.DeadLetter;

/** Sends dead letters again. */
public interface Resending {
  /** Whether a letter's queue is one of this installation's. */
  boolean reachable(DeadLetter letter);

  /**
   * Returns when the broker has the letter in the queue where it could not be handled.
   *
   * @throws Undelivered when that is not certain; it may be there all the same
   */
  void send(DeadLetter letter) throws Undelivered, InterruptedException;
}
