package dev.tern.contract.move;

import java.time.Duration;
import java.util.Optional;

/**
 * Parts of a policy, as somebody wished them; what is empty is left to who is asked next: the
 * migration's request before its source host before the installation.
 *
 * @param maxPause above 0
 * @param bytesPerSecond 0 is unlimited, whatever others say
 * @param deadline above 0
 */
public record PolicyParts(
    Optional<Duration> maxPause,
    Optional<Long> bytesPerSecond,
    Optional<Duration> deadline,
    Optional<AtDeadline> atDeadline,
    Optional<Boolean> postCopyAllowed,
    Optional<Boolean> autoConverge) {

  /** Nothing is wished. */
  public static final PolicyParts NONE =
      new PolicyParts(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  /** These parts, and where they are empty those of {@code below}. */
  public PolicyParts over(PolicyParts below) {
    return new PolicyParts(
        maxPause.or(below::maxPause),
        bytesPerSecond.or(below::bytesPerSecond),
        deadline.or(below::deadline),
        atDeadline.or(below::atDeadline),
        postCopyAllowed.or(below::postCopyAllowed),
        autoConverge.or(below::autoConverge));
  }
}
