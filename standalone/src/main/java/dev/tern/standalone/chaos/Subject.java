package dev.tern.standalone.chaos;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.DemoPlace;
import dev.tern.standalone.demo.DiskProof;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.Patience;
import dev.tern.standalone.demo.RunnerSampler;
import dev.tern.standalone.demo.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The server under test, and two who watch it from outside all the time: one reads its consoles,
 * one asks both QEMUs whether they run it.
 */
final class Subject implements AutoCloseable {
  private static final Duration LIVES = Duration.ofSeconds(60);
  private static final Duration LIVES_SOON = Duration.ofSeconds(10);
  static final String ASK_NODES =
      "{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flat\":true}}";
  static final Pattern NODE = Pattern.compile("\"node-name\": ?\"([^\"]+)\"");

  private static final long MORE_WRITES = 20;

  private final DemoPlace place;
  private final MovingServer server;
  private final GuestWatch watch = new GuestWatch();
  private final ConsoleTail console;
  private final RunnerSampler sampler;
  private final Patience patience = new Patience(Pause.SLEEPING);
  private Set<String> nodes = Set.of();
  private int rounds;

  Subject(DemoPlace place, MovingServer server) {
    this.place = place;
    this.server = server;
    this.console = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING);
    this.sampler = new RunnerSampler(place.hostData());
  }

  MovingServer server() {
    return server;
  }

  /** Remembers which block nodes it has when it was never moved: it must never have others. */
  void rememberNodes() throws IOException, InterruptedException {
    String answer =
        sampler
            .ask(server.host(), ASK_NODES)
            .orElseThrow(() -> new IOException("the guest's QEMU does not say which nodes it has"));
    nodes = NODE.matcher(answer).results().map(match -> match.group(1)).collect(Collectors.toSet());
  }

  Set<String> nodes() {
    return nodes;
  }

  RunnerSampler sampler() {
    return sampler;
  }

  GuestWatch watch() {
    return watch;
  }

  /** How often it was found alive and well. */
  int rounds() {
    return rounds;
  }

  void awaitWrites(long count) throws IOException, InterruptedException {
    awaitWrites(count, LIVES);
  }

  private void awaitWrites(long count, Duration within) throws IOException, InterruptedException {
    patience.untilTrue(
        count + " acknowledged writes",
        within,
        () -> Optional.of(watch.sight().acknowledgements() >= count));
  }

  /** Whether it goes on writing. */
  boolean isAlive() throws InterruptedException {
    try {
      awaitWrites(watch.sight().acknowledgements() + MORE_WRITES, LIVES_SOON);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** What is wrong with it, that ought to run on this host: it goes on writing, there. */
  List<String> judgeLife(String host) throws IOException, InterruptedException {
    List<String> broken = new ArrayList<>();
    try {
      awaitWrites(watch.sight().acknowledgements() + MORE_WRITES);
    } catch (IOException e) {
      broken.add("the guest writes no more");
    }
    Optional<String> speaks = watch.sight().lastHost();
    if (!speaks.equals(Optional.of(host))) {
      broken.add("the guest ought to run on %s and speaks on %s".formatted(host, speaks));
    }
    broken.addAll(judgePast());
    rounds++;
    return broken;
  }

  /** It is SHUTOFF, or in ERROR with a fault that says why, and did nothing wrong before. */
  List<String> judgeDeath() throws IOException, InterruptedException {
    List<String> broken = new ArrayList<>(judgePast());
    if (server.show().path("status").asString().equals("ERROR")
        && server.show().path("fault").path("message").asString("").isBlank()) {
      broken.add("the server is in ERROR and does not say why");
    }
    return broken;
  }

  /** What it ever did wrong. */
  List<String> judgePast() {
    List<String> broken = new ArrayList<>();
    GuestWatch.Sight sight = watch.sight();
    expect(broken, sampler.momentsWithTwoRunners() == 0, "two QEMUs ran the guest at one moment");
    expect(broken, sight.bootIds() == 1, "the guest has booted " + sight.bootIds() + " times");
    expect(broken, sight.beatsBackwards() == 0, "the guest's beats went back");
    expect(broken, sight.badPages() == 0, sight.badPages() + " pages of its memory are wrong");
    expect(broken, sight.troubles().isEmpty(), "the guest complains: " + sight.troubles());
    return broken;
  }

  private static void expect(List<String> broken, boolean holds, String otherwise) {
    if (!holds) {
      broken.add(otherwise);
    }
  }

  /** Stops it, and looks for each write that it was promised on its disk. */
  List<String> proveDisk() throws IOException, InterruptedException {
    server.stop();
    return judgeDisk();
  }

  /** The same of a server that is stopped. */
  List<String> judgeDisk() throws IOException, InterruptedException {
    Path disk = server.disk(server.host());
    Path raw = place.work().resolve("disk.raw");
    try {
      TestImages.flatten(disk, raw);
      DiskProof.Verdict verdict = new DiskProof(watch.acknowledged(), 0).judge(raw, raw);
      List<String> broken = new ArrayList<>();
      expect(broken, !watch.acknowledged().isEmpty(), "the guest acknowledged no write at all");
      expect(
          broken,
          verdict.lostWrites() == 0,
          verdict.lostWrites() + " acknowledged writes are lost");
      expect(broken, verdict.corruptBlocks() == 0, verdict.corruptBlocks() + " blocks are corrupt");
      return broken;
    } finally {
      Files.deleteIfExists(raw);
    }
  }

  /** Ends the watching; the server stays. */
  @Override
  public void close() throws IOException {
    sampler.close();
    console.close();
  }
}
