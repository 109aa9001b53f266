package dev.tern.store;

import java.time.Duration;
import java.util.Optional;

/**
 * The guest's pause, by QEMU's event stamps on both hosts. What cannot be known is empty, and
 * {@code unknown} says why; no part is ever negative.
 *
 * @param total from the guest's stop to its start
 * @param stop from there until what is left of memory is known
 * @param mirrorDrain from there until the disks are alike
 * @param deviceState from there until all is loaded at the destination
 * @param start from there until the guest runs
 * @param unknown why a part is empty, for people
 */
public record PauseParts(
    Optional<Duration> total,
    Optional<Duration> stop,
    Optional<Duration> mirrorDrain,
    Optional<Duration> deviceState,
    Optional<Duration> start,
    Optional<String> unknown) {

  /** Nothing is known, for a reason. */
  public static PauseParts unknown(String reason) {
    return new PauseParts(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(reason));
  }
}
