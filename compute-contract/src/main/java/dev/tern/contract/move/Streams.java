package dev.tern.contract.move;

/**
 * How the streams of a migration are made; both agents are told the same.
 *
 * @param channels for the memory; 0 is a single stream, and only that can end in post-copy
 * @param blockWrites the guest's disk writes wait until they are at the destination too
 */
public record Streams(int channels, Compression compression, boolean blockWrites) {
  /** One plain stream, and mirrors that follow. */
  public static final Streams PLAIN = new Streams(0, Compression.NONE, false);
}
