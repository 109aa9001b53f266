package dev.tern.client.command;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How long, and how talkative. */
final class WaitOptions {
  private static final Duration LONGEST = Duration.ofDays(7);

  @Option(names = "--wait", description = "Wait for the end; the exit status is the job's result.")
  private boolean wait;

  @Option(names = "--verbose", description = "While waiting, show how far it is. Implies --wait.")
  private boolean verbose;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description =
          "Wait no longer (seconds, or 10m, 2h; usually 1h). The job goes on. Implies --wait.")
  private @Nullable String timeout;

  boolean waits() {
    return wait || verbose || timeout != null;
  }

  boolean verbose() {
    return verbose;
  }

  /**
   * Usually an hour.
   *
   * @throws IllegalArgumentException when it is no time, or more than a week
   */
  Duration longest() {
    return longest(timeout);
  }

  static Duration longest(@Nullable String timeout) {
    Duration longest =
        Amounts.time("--timeout", timeout == null ? "1h" : timeout, ChronoUnit.SECONDS);
    if (longest.isZero() || longest.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("--timeout is more than 0 and at most a week.");
    }
    return longest;
  }
}
