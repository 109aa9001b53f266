package dev.tern.client.command;

import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A migration's policy; what is not named is the host's, or stays as it is. */
final class PolicyOptions {
  @Option(
      names = "--max-pause",
      paramLabel = "TIME",
      description = "The longest pause that may be planned for (milliseconds, or 2s).")
  private @Nullable String maxPause;

  @Option(
      names = "--bandwidth",
      paramLabel = "RATE",
      description = "For disks and memory together (MiB/s, or 500K, 1G; 0 is no limit).")
  private @Nullable String bandwidth;

  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      description = "From the moment data moves (seconds, or 10m, 2h).")
  private @Nullable String deadline;

  @Option(names = "--at-deadline", paramLabel = "WHAT", description = "abort, force or post-copy.")
  private @Nullable String atDeadline;

  @Option(
      names = {"--post-copy", "--postcopy"},
      negatable = true,
      description = "The guest may run at its destination before its memory is there.")
  private @Nullable Boolean postCopy;

  @Option(
      names = "--auto-converge",
      negatable = true,
      description = "The guest may be slowed down so that it ends.")
  private @Nullable Boolean autoConverge;

  /**
   * As the API takes it.
   *
   * @throws IllegalArgumentException when a time or bandwidth is none
   */
  Map<String, @Nullable Object> body() {
    Map<String, @Nullable Object> policy = new LinkedHashMap<>();
    if (maxPause != null) {
      policy.put(
          "max_pause_millis", Amounts.time("--max-pause", maxPause, ChronoUnit.MILLIS).toMillis());
    }
    if (bandwidth != null) {
      policy.put("max_bandwidth", Amounts.bandwidth("--bandwidth", bandwidth));
    }
    if (deadline != null) {
      policy.put(
          "deadline_seconds", Amounts.time("--deadline", deadline, ChronoUnit.SECONDS).toSeconds());
    }
    if (atDeadline != null) {
      policy.put("at_deadline", atDeadline);
    }
    if (postCopy != null) {
      policy.put("post_copy_allowed", postCopy);
    }
    if (autoConverge != null) {
      policy.put("auto_converge", autoConverge);
    }
    return policy;
  }
}
