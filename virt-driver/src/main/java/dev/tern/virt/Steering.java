package dev.tern.virt;

/**
 * The wheel of one move: who moves a guest reads it again and again, and who decides turns it, from
 * any thread. One for all steps of the move.
 */
public final class Steering {
  private volatile MovePolicy policy;
  private volatile boolean forced;
  private final MoveOptions options;
  private final boolean keepPaused;

  /**
   * The wheel at the start of a move.
   *
   * @param keepPaused the guest was paused by its user, and stays so wherever the move ends
   */
  public Steering(MovePolicy policy, MoveOptions options, boolean keepPaused) {
    this.policy = policy;
    this.options = options;
    this.keepPaused = keepPaused;
  }

  public MovePolicy policy() {
    return policy;
  }

  /** From the next look on, at most half a second later, this policy holds. */
  public void change(MovePolicy to) {
    policy = to;
  }

  /**
   * Ends the move whatever pause that costs the guest: post-copy where policy and mirrors permit
   * it, else the guest is paused until all has moved. Cannot be taken back, but the move can still
   * be aborted.
   */
  public void forceComplete() {
    forced = true;
  }

  public boolean forced() {
    return forced;
  }

  public MoveOptions options() {
    return options;
  }

  public boolean keepPaused() {
    return keepPaused;
  }
}
