package dev.tern.virt;

/**
 * How the streams of a move are made. Both sides must be told the same, before anything moves.
 *
 * @param channels of multifd for the memory; 0 is a single stream. With channels there is no
 *     post-copy
 * @param compression of the memory's stream
 * @param writeBlocking the guest's disk writes wait until they are at the destination too, so that
 *     a mirror cannot fall behind; not with a bandwidth limit, which QEMU does not hold such writes
 *     to
 */
public record MoveOptions(int channels, Compression compression, boolean writeBlocking) {
  private static final int MOST_CHANNELS = 255;

  /** One plain stream, and mirrors that follow. */
  public static final MoveOptions PLAIN = new MoveOptions(0, Compression.NONE, false);

  public MoveOptions {
    if (channels < 0 || channels > MOST_CHANNELS) {
      throw new IllegalArgumentException(
          "A move has 0 to %d channels, not %d.".formatted(MOST_CHANNELS, channels));
    }
    if (compression == Compression.ZSTD && channels == 0) {
      throw new IllegalArgumentException("zstd needs channels; without them there is xbzrle.");
    }
    if (compression == Compression.XBZRLE && channels > 0) {
      throw new IllegalArgumentException("xbzrle is for a single stream; channels can have zstd.");
    }
  }

  /** How memory is made smaller on its way. */
  public enum Compression {
    NONE,
    /** Only what changed of a page that is sent again. */
    XBZRLE,
    /** Of all pages, in each channel. */
    ZSTD
  }
}
