package dev.tern.virt.converge;

import dev.tern.virt.MovePolicy;
import java.time.Duration;

/**
 * What was done about a move so far, and what it was judged by.
 *
 * @param downtimeLimit in force
 * @param cpuPercent how far processors may be slowed down; 0 not at all
 * @param writeLimit of each disk, bytes per second; 0 is none
 * @param writeBlocking writes wait for both sides
 * @param ending its end is chosen: paused or post-copy
 * @param passes of memory when it was last judged
 * @param judgedAt when memory was
 * @param diskThen what remained of disks at {@code diskSince}; below 0 nobody has looked
 * @param diskSince when disks were judged last
 * @param moved bytes sent when that last rose
 * @param movedAt when
 */
public record State(
    Duration downtimeLimit,
    int cpuPercent,
    long writeLimit,
    boolean writeBlocking,
    boolean ending,
    long passes,
    Duration judgedAt,
    long diskThen,
    Duration diskSince,
    long moved,
    Duration movedAt) {

  /** Low, because most guests never need more, and each is paused about as long as it may be. */
  static final Duration FIRST_LIMIT = Duration.ofMillis(20);

  /** At the start of a step. */
  public static State begin(MovePolicy policy, boolean writeBlocking) {
    return new State(
        min(FIRST_LIMIT, policy.maxPause()),
        0,
        0,
        writeBlocking,
        false,
        0,
        Duration.ZERO,
        -1,
        Duration.ZERO,
        -1,
        Duration.ZERO);
  }

  static Duration min(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  State withLimit(Duration limit) {
    return new State(
        limit,
        cpuPercent,
        writeLimit,
        writeBlocking,
        ending,
        passes,
        judgedAt,
        diskThen,
        diskSince,
        moved,
        movedAt);
  }

  State withCpu(int percent) {
    return new State(
        downtimeLimit,
        percent,
        writeLimit,
        writeBlocking,
        ending,
        passes,
        judgedAt,
        diskThen,
        diskSince,
        moved,
        movedAt);
  }

  State withWrites(long limit, boolean blocking) {
    return new State(
        downtimeLimit,
        cpuPercent,
        limit,
        blocking,
        ending,
        passes,
        judgedAt,
        diskThen,
        diskSince,
        moved,
        movedAt);
  }

  State ended() {
    return new State(
        downtimeLimit,
        cpuPercent,
        writeLimit,
        writeBlocking,
        true,
        passes,
        judgedAt,
        diskThen,
        diskSince,
        moved,
        movedAt);
  }

  State judged(long pass, Duration at) {
    return new State(
        downtimeLimit,
        cpuPercent,
        writeLimit,
        writeBlocking,
        ending,
        pass,
        at,
        diskThen,
        diskSince,
        moved,
        movedAt);
  }

  State watchingDisks(long remaining, Duration at) {
    return new State(
        downtimeLimit,
        cpuPercent,
        writeLimit,
        writeBlocking,
        ending,
        passes,
        judgedAt,
        remaining,
        at,
        moved,
        movedAt);
  }

  State movedTo(long bytes, Duration at) {
    return new State(
        downtimeLimit,
        cpuPercent,
        writeLimit,
        writeBlocking,
        ending,
        passes,
        judgedAt,
        diskThen,
        diskSince,
        bytes,
        at);
  }
}
