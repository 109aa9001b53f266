package dev.tern.standalone.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * {@code ./tern demo --chaos}: while the guest's memory moves, kills the source's agent, and when
 * it is at work again, conductor and destination's agent at once. Each is started again after a
 * second.
 */
final class DemoKills {
  private static final Duration DEAD = Duration.ofSeconds(1);
  private static final String ASK_SENT = "{\"execute\":\"query-migrate\"}";
  private static final Pattern SENT = Pattern.compile("\"transferred\": ?(\\d{1,18})");

  private final Services services;
  private final RunnerSampler sampler;
  private final Story story;
  private final List<String> killed = new ArrayList<>();
  private List<String> dead = List.of();
  private int strikes;
  private long deadSince;
  private long sentAtDeath;
  private long toldAtRestart;
  private double percent;
  private boolean fellBack;

  DemoKills(Services services, RunnerSampler sampler, Story story) {
    this.services = services;
    this.sampler = sampler;
    this.story = story;
  }

  /**
   * Kills, or starts again, when its time has come.
   *
   * @param migration as the API tells it now
   */
  void look(JsonNode migration) throws IOException, InterruptedException {
    double now = migration.path("progress").path("percent").asDouble(0);
    fellBack |= now < percent;
    percent = Math.max(percent, now);
    String source = migration.path("source").asString();
    long told = migration.path("memory_processed_bytes").asLong(0);
    if (!dead.isEmpty()) {
      if (System.nanoTime() - deadSince > DEAD.toNanos()) {
        startAgain(source);
        toldAtRestart = told;
      }
    } else if (strikes == 0 && told > 0) {
      kill(List.of("agent-" + source), source);
    } else if (strikes == 1 && told > toldAtRestart) {
      story.step("agent-%s has found its guest again and goes on where it was".formatted(source));
      kill(List.of("conductor", "agent-" + migration.path("destination").asString()), source);
    }
  }

  private void kill(List<String> names, String source) throws IOException, InterruptedException {
    sentAtDeath = sent(source);
    List<String> pids = pids(names);
    for (String name : names) {
      services.kill(name);
    }
    killed.addAll(names);
    strikes++;
    dead = names;
    deadSince = System.nanoTime();
    story.step(
        "kill -9 %s (%s); the guest runs on %s"
            .formatted(
                String.join(" ", pids),
                String.join(", ", names),
                sampler.runner().orElse("no host")));
  }

  private List<String> pids(List<String> names) {
    return names.stream().map(name -> Long.toString(services.pid(name))).toList();
  }

  private void startAgain(String source) throws IOException, InterruptedException {
    long sent = sent(source) - sentAtDeath;
    for (String name : dead) {
      services.restart(name);
    }
    story.step(
        "%s started again (%s); meanwhile QEMU sent %s"
            .formatted(
                String.join(", ", dead),
                String.join(" ", pids(dead)),
                Story.bytes(Math.max(0, sent))));
    dead = List.of();
  }

  /** What the source's QEMU says it has sent of the guest's memory; nobody of Tern is asked. */
  private long sent(String source) throws InterruptedException {
    Matcher found = SENT.matcher(sampler.ask(source, ASK_SENT).orElse(""));
    return found.find() ? Long.parseLong(found.group(1)) : 0;
  }

  /** Starts what is still dead; answers what was seen. */
  DemoReport.Unrest finish() throws IOException {
    for (String name : dead) {
      services.restart(name);
    }
    dead = List.of();
    return new DemoReport.Unrest(
        List.copyOf(killed),
        sampler.runners(),
        sampler.samples(),
        sampler.momentsWithTwoRunners(),
        fellBack);
  }

  /** For the bar: where the guest runs now. */
  String runner() {
    return sampler.runner().map(host -> " on " + host).stream().collect(Collectors.joining());
  }
}
