package dev.tern.conductor.saga;

import dev.tern.store.SagaStore;
import dev.tern.store.SagaStore.Lease;
import java.time.Duration;

/**
 * The right to run a saga, held on to while it runs. Of one thread. Every method fails with {@link
 * SagaStore.LeaseLostException} once another conductor has the saga.
 */
public final class Hold {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private final SagaStore sagas;
  private final Lease lease;
  private final Ticker ticker;
  private final Runnable onLook;
  private final Bell bell;
  private Duration looked;
  private boolean abortAsked;
  private boolean abortable;

  /**
   * Holds a lease.
   *
   * @param onLook called after each look, so about once a second while a step goes on
   * @param bell rung when a look is due at once
   */
  public Hold(SagaStore sagas, Lease lease, Ticker ticker, Runnable onLook, Bell bell) {
    this.sagas = sagas;
    this.lease = lease;
    this.ticker = ticker;
    this.onLook = onLook;
    this.bell = bell;
    this.looked = ticker.now();
  }

  public Lease lease() {
    return lease;
  }

  /** Whether its user wants it stopped; looks when the bell rings, and once a second. */
  public boolean abortAsked() {
    if (bell.answer() || ticker.now().minus(looked).compareTo(LOOK_EVERY) >= 0) {
      return look();
    }
    return abortAsked;
  }

  /** Renews, and looks now. */
  public boolean look() {
    abortAsked = sagas.renewAndSeeAbort(lease) || abortAsked;
    looked = ticker.now();
    onLook.run();
    return abortAsked;
  }

  /** Renews when due; ends the step under way when its user wants it stopped and it can be. */
  public void keep() throws StepFailed {
    if (abortAsked() && abortable) {
      throw StepFailed.aborted();
    }
  }

  /** From here on an abort ends the step under way, or is left to the step. */
  void abortable(boolean now) {
    abortable = now;
  }
}
