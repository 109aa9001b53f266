package dev.tern.standalone.load;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How a load is run.
 *
 * @param data where state is kept; empty or not there at the beginning
 * @param servers each has one migration after the other, so this many at once
 * @param time for how long migrations are begun and parts killed
 * @param seed of what is killed when, and of how long things take
 */
public record LoadOptions(Path data, int hosts, int servers, Duration time, long seed) {
  public LoadOptions {
    if (hosts < 2 || servers < 1 || time.isNegative()) {
      throw new IllegalArgumentException("a load takes two hosts, a server and some time");
    }
  }
}
