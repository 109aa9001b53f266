package dev.tern.bench;

import dev.tern.bench.Mover.Move;
import java.time.Duration;
import java.util.List;

/**
 * One move, measured and judged.
 *
 * @param silence the longest time without a heartbeat, as the console saw it from outside
 * @param wireBytes over loopback, in both directions
 * @param neededBytes allocated in the source's disks above their base, and memory that is not zero
 * @param wrong what the move broke; empty when guest, memory and disks are as they must be
 */
record Sample(
    String mover,
    int round,
    Move move,
    Duration silence,
    long wireBytes,
    long neededBytes,
    long sourceAllocated,
    long destinationAllocated,
    List<String> wrong) {
  Sample {
    wrong = List.copyOf(wrong);
  }

  boolean intact() {
    return wrong.isEmpty();
  }
}
