package dev.tern.virt.converge;

import java.time.Duration;

/** What to do next with a move. */
public sealed interface Action {
  /** Nothing: it converges, or its end has been chosen. */
  record Wait() implements Action {}

  /** Lets QEMU stop the guest when it expects a pause no longer than this. */
  record RaiseDowntimeLimit(Duration to) implements Action {}

  /** Lets the guest's processors be stopped for up to so much of the time; 1 to 99. */
  record ThrottleCpu(int percent) implements Action {}

  /** Lets each disk take no more than so many bytes a second from the guest. */
  record ThrottleGuestWrites(long bytesPerSecond) implements Action {}

  /** Makes each write of the guest wait until it is on both sides. */
  record WriteBlockingMirror() implements Action {}

  /** Moves the guest now; the rest of its memory follows. */
  record PostCopy() implements Action {}

  /** Pauses the guest, so that nothing changes any more and all of it moves. */
  record ForceComplete() implements Action {}

  /** Ends the move; the guest stays. */
  record Abort(String reason) implements Action {}
}
