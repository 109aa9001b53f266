package dev.tern.contract.host;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A migration in its parts, as the source's agent sees it now.
 *
 * @param at by the agent's clock; compared with nothing but another of the same migration, so that
 *     what comes late is known to be old
 * @param throttled time the guest was kept from running so that memory would converge, in all: an
 *     hour at 20 percent is twelve minutes
 * @param layerBytes sent of the layers below the disks, before their mirrors began; empty when the
 *     agent is too old to say
 */
public record MoveDetail(
    Instant at,
    List<DiskProgress> disks,
    MemoryPace memory,
    Forecast forecast,
    Duration throttled,
    Optional<Long> layerBytes) {
  public MoveDetail {
    disks = List.copyOf(disks);
  }

  /**
   * One disk's mirror.
   *
   * @param offset bytes copied
   * @param length bytes to copy in all; grows while the guest writes
   * @param bytesPerSecond the limit it is held to, 0 for none
   * @param ready both sides are alike, and each write goes to both
   */
  public record DiskProgress(
      String disk, long offset, long length, long bytesPerSecond, boolean ready) {}

  /**
   * How memory moves; all of it 0 before it does.
   *
   * @param passes over memory, the one under way included
   * @param bytesPerSecond sent, as QEMU measured it last
   * @param dirtyBytesPerSecond written by the guest, as QEMU measured it last
   * @param throttlePercent of its time that the guest is kept from running now
   */
  public record MemoryPace(
      long passes, long bytesPerSecond, long dirtyBytesPerSecond, int throttlePercent) {}
}
