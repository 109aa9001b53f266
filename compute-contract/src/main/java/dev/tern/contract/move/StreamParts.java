package dev.tern.contract.move;

import java.util.Optional;

/**
 * How the streams of a migration are wished to be; fixed once data moves. What is empty is the
 * installation's.
 *
 * @param channels for the memory, 0 to 255; 0 is a single stream
 * @param blockWrites the guest's disk writes wait until they are at the destination too
 */
public record StreamParts(
    Optional<Integer> channels, Optional<Compression> compression, Optional<Boolean> blockWrites) {

  /** Nothing is wished. */
  public static final StreamParts NONE =
      new StreamParts(Optional.empty(), Optional.empty(), Optional.empty());
}
