package dev.tern.virt;

import java.time.Duration;

/**
 * What a move may cost the guest and the network, and what is done when that is not enough. May be
 * changed while the move runs, through {@link Steering}.
 *
 * @param maxPause the longest pause QEMU may plan for; above 0, at most {@link #LONGEST_PAUSE}. A
 *     forced completion sets it aside
 * @param bytesPerSecond of all streams of the move together, disks and memory; 0 is unlimited
 * @param deadline from the start of the step on; above 0
 * @param atDeadline what is done when it is over
 * @param postCopyAllowed whether the guest may run at its destination before all its memory is
 *     there
 * @param autoConverge whether processors and disk writes of the guest may be slowed down so that
 *     the move can end
 */
public record MovePolicy(
    Duration maxPause,
    long bytesPerSecond,
    Duration deadline,
    AtDeadline atDeadline,
    boolean postCopyAllowed,
    boolean autoConverge) {

  /** QEMU takes no longer one. */
  public static final Duration LONGEST_PAUSE = Duration.ofSeconds(2000);

  public MovePolicy {
    if (!maxPause.isPositive() || maxPause.compareTo(LONGEST_PAUSE) > 0) {
      throw new IllegalArgumentException(
          "The longest pause is above 0 and at most %d s.".formatted(LONGEST_PAUSE.toSeconds()));
    }
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException("The bandwidth is not below 0; 0 is unlimited.");
    }
    if (!deadline.isPositive()) {
      throw new IllegalArgumentException("The deadline is above 0.");
    }
    if (atDeadline == AtDeadline.POST_COPY && !postCopyAllowed) {
      throw new IllegalArgumentException(
          "Post-copy at the deadline is asked for, and post-copy is not allowed.");
    }
  }

  /** No limit of bandwidth, no post-copy; given up at the deadline. */
  public static MovePolicy usual(Duration maxPause, Duration deadline) {
    return new MovePolicy(maxPause, 0, deadline, AtDeadline.ABORT, false, true);
  }

  /** What is done with a move that has not ended by its deadline. */
  public enum AtDeadline {
    /** The guest stays where it is. */
    ABORT,
    /** The guest is paused until all of it has moved. */
    FORCE,
    /** The guest goes on at its destination, and its memory follows. */
    POST_COPY
  }
}
