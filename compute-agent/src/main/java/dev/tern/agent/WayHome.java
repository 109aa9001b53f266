package dev.tern.agent;

import dev.tern.agent.JournalEntry.HandedOver;
import dev.tern.agent.Standing.Place;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A guest is handed over or brought home, never both: who cancels looks first and acts later, and
 * meanwhile another request may have begun to hand the guest over. A late one finds that its epoch
 * was taken back.
 */
final class WayHome {
  private final Instance instance;

  /**
   * Held while the guest is brought home, and for the moment of the record that it has left. Guards
   * {@link #kept}.
   */
  private final ReentrantLock deciding = new ReentrantLock();

  private long kept;

  WayHome(Instance instance) {
    this.instance = instance;
  }

  /** What brings the guest home. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  /**
   * Does the work if the guest is this host's to run; then it is not handed over in this epoch any
   * more, as far as this agent lives.
   */
  void take(long epoch, Work work) throws Exception {
    deciding.lock();
    try {
      if (instance.standing().place() == Place.RUNNING) {
        kept = Math.max(kept, epoch);
        work.run();
      }
    } finally {
      deciding.unlock();
    }
  }

  /**
   * Records that the guest has left.
   *
   * @throws IOException when it was not recorded: the guest is being brought home, or was in this
   *     epoch, or see {@link Instance#append}
   */
  void leave(long epoch) throws IOException {
    if (!deciding.tryLock()) {
      throw new IOException("the guest is being brought home");
    }
    try {
      if (epoch <= kept) {
        throw new IOException("the hand-over of epoch %d was taken back".formatted(epoch));
      }
      instance.append(new HandedOver(epoch));
    } finally {
      deciding.unlock();
    }
  }
}
