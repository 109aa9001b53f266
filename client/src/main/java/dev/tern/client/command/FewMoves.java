package dev.tern.client.command;

import dev.tern.client.Drain;
import dev.tern.client.LateException;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Moves a few servers: asked again, the same job, which the drain's verbs show and steer. */
abstract sealed class FewMoves extends Verb {
  /** The API plans while it answers, unless it cannot within seconds. */
  private static final Duration PLAN = Duration.ofSeconds(60);

  @Option(names = "--dry-run", description = "The plan only; nothing is touched.")
  private boolean dryRun;

  @Option(names = "--out", paramLabel = "N", description = "So many leave one host at once.")
  private @Nullable Integer out;

  @Option(names = "--in", paramLabel = "N", description = "So many come to any one host at once.")
  private @Nullable Integer in;

  @Option(
      names = "--bandwidth",
      paramLabel = "RATE",
      description = "Of all its migrations together (MiB/s, or 500K, 1G; 0 is no limit).")
  private @Nullable String bandwidth;

  @Mixin private final WaitOptions wait = new WaitOptions();

  abstract Drain ask(Map<String, @Nullable Object> body) throws IOException, InterruptedException;

  private Map<String, @Nullable Object> body() {
    Map<String, @Nullable Object> limits = new LinkedHashMap<>();
    if (out != null) {
      limits.put("out", out);
    }
    if (in != null) {
      limits.put("in", in);
    }
    if (bandwidth != null) {
      limits.put("bandwidth", Amounts.bandwidth("--bandwidth", bandwidth));
    }
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    if (!limits.isEmpty()) {
      body.put("limits", limits);
    }
    if (dryRun) {
      body.put("dry_run", true);
    }
    return body;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Drain job = ask(body());
    DrainStory story = new DrainStory(this, job);
    if (wait.waits() && !dryRun) {
      return story.over(wait);
    }
    JsonNode report;
    try {
      report = job.awaitPlan(PLAN);
    } catch (LateException e) {
      report = job.report();
    }
    story.show(report);
    if (!json() && !Drain.isOver(report)) {
      screen().line("To look at it: tern drain-show %s".formatted(job.id()));
    }
    return DONE;
  }

  /** A fraction, as people write it: 80 is 80 %, and so is 0.8. */
  private static double part(String option, double value) {
    if (value < 0) {
      throw new IllegalArgumentException("%s is 0 or more".formatted(option));
    }
    return value > 1 ? value / 100 : value;
  }

  /** All hosts alike. */
  @Command(
      name = "rebalance",
      description = "Even out all hosts by few, cheap moves. Asked again, the same job.")
  static final class Rebalance extends FewMoves {
    @Option(names = "--moves", paramLabel = "N", description = "So many at most (10).")
    private @Nullable Integer moves;

    @Option(
        names = "--imbalance",
        paramLabel = "X",
        description = "Enough when hosts are this far from the mean, as a fraction (0.05).")
    private @Nullable Double imbalance;

    @Option(
        names = "--host",
        paramLabel = "HOST",
        description = "Only between these; may be given more than once. Usually all.")
    private List<String> hosts = List.of();

    @Override
    Drain ask(Map<String, @Nullable Object> body) throws IOException, InterruptedException {
      if (moves != null) {
        body.put("moves", moves);
      }
      if (imbalance != null) {
        body.put("imbalance", imbalance);
      }
      if (!hosts.isEmpty()) {
        body.put("hosts", hosts);
      }
      return tern().rebalance(body);
    }
  }

  /** One host less. */
  @Command(
      name = "relieve",
      description = "Bring a host below a threshold with the fewest bytes. Asked again, the same.")
  static final class Relieve extends FewMoves {
    @Parameters(paramLabel = "HOST", description = "Its name.")
    @SuppressWarnings("NullAway.Init")
    private String host;

    @Option(
        names = "--memory",
        paramLabel = "PART",
        description = "So much of its memory may be claimed: 80, or 0.8.")
    private @Nullable Double memory;

    @Option(
        names = "--vcpus",
        paramLabel = "PART",
        description = "So much of its processors may be claimed; above 1 it is in per cent.")
    private @Nullable Double vcpus;

    @Option(
        names = "--target",
        paramLabel = "HOST",
        description = "To this host; may be given more than once. Usually to any.")
    private List<String> targets = List.of();

    @Override
    Drain ask(Map<String, @Nullable Object> body) throws IOException, InterruptedException {
      Map<String, @Nullable Object> below = new LinkedHashMap<>();
      if (memory != null) {
        below.put("memory", part("--memory", memory));
      }
      if (vcpus != null) {
        below.put("vcpus", part("--vcpus", vcpus));
      }
      if (below.isEmpty()) {
        throw new IllegalArgumentException("name --memory or --vcpus, as in --memory 80");
      }
      body.put("below", below);
      if (!targets.isEmpty()) {
        body.put("targets", targets);
      }
      return tern().relieve(host, body);
    }
  }
}
