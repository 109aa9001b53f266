package dev.tern.client.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a host is to be emptied; what is not named is the installation's, or stays as it is. */
final class DrainWishes {
  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      description = "As 2026-08-01T02:00:00Z. Nothing is begun that would not end by then.")
  private @Nullable String deadline;

  @Option(names = "--out", paramLabel = "N", description = "So many leave the host at once.")
  private @Nullable Integer out;

  @Option(names = "--in", paramLabel = "N", description = "So many come to any one host at once.")
  private @Nullable Integer in;

  @Option(names = "--cluster", paramLabel = "N", description = "So many move anywhere at once.")
  private @Nullable Integer cluster;

  @Option(names = "--tries", paramLabel = "N", description = "Each server is tried so often.")
  private @Nullable Integer tries;

  @Option(
      names = "--bandwidth",
      paramLabel = "RATE",
      description = "Of all its migrations together (MiB/s, or 500K, 1G; 0 is no limit).")
  private @Nullable String bandwidth;

  @Option(
      names = "--order",
      paramLabel = "WHICH",
      description = "smallest-first, largest-first, or servers' ids that go first (a,b,c).")
  private @Nullable String order;

  @Option(
      names = "--on-cannot-move",
      paramLabel = "WHAT",
      description =
          "leave, stop, ask or cold: what becomes of a server that cannot be moved while it runs.")
  private @Nullable String onCannotMove;

  @Option(
      names = "--target",
      paramLabel = "HOST",
      description = "To this host; may be given more than once. Usually to any.")
  private List<String> targets = List.of();

  /**
   * As the API takes it.
   *
   * @throws IllegalArgumentException when the bandwidth is none
   */
  Map<String, @Nullable Object> body() {
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    if (deadline != null) {
      body.put("deadline", deadline);
    }
    Map<String, @Nullable Object> limits = limits();
    if (!limits.isEmpty()) {
      body.put("limits", limits);
    }
    if (order != null) {
      body.put(
          "order",
          order.endsWith("-first") ? order.replace('-', '_') : List.of(order.split(",", -1)));
    }
    if (onCannotMove != null) {
      body.put("on_cannot_move", onCannotMove);
    }
    if (!targets.isEmpty()) {
      body.put("targets", targets);
    }
    return body;
  }

  private Map<String, @Nullable Object> limits() {
    Map<String, @Nullable Object> limits = new LinkedHashMap<>();
    if (out != null) {
      limits.put("out", out);
    }
    if (in != null) {
      limits.put("in", in);
    }
    if (cluster != null) {
      limits.put("cluster", cluster);
    }
    if (tries != null) {
      limits.put("tries", tries);
    }
    if (bandwidth != null) {
      limits.put("bandwidth", Amounts.bandwidth("--bandwidth", bandwidth));
    }
    return limits;
  }
}
