package dev.tern.bench;

import dev.tern.virt.LaunchRecipe;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/** One way to move a guest with its disks. */
interface Mover {
  String name();

  /** The name of the floor it is held against; its own for a floor. */
  String floor();

  /**
   * Moves the guest. Both QEMUs are there and at rest, the destination's waits for its stream;
   * nobody is connected to either, before and after.
   *
   * @throws IOException when it did not arrive
   */
  Move move(Host source, Host destination, LaunchRecipe recipe, BenchCase what)
      throws IOException, InterruptedException;

  /**
   * What a move took.
   *
   * @param total from the first command until the guest runs and the source says that all is sent,
   *     by the stamps of QEMU's events
   * @param memoryBytes by the source's count
   * @param times when each point was reached, since the first command, in order
   * @param sinceStop by QEMU's own stamps, since the source's STOP; the last is {@link #RESUMED}
   */
  record Move(
      Duration total,
      long memoryBytes,
      Map<String, Duration> times,
      Map<String, Duration> sinceStop) {
    static final String RESUMED = "resumed";

    /** How long the guest stood still. */
    Duration pause() {
      return Objects.requireNonNull(sinceStop.get(RESUMED), RESUMED);
    }
  }
}
