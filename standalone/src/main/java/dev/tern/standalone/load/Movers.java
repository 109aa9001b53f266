package dev.tern.standalone.load;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/** For each server a thread that has it migrated again and again, and counts how that ends. */
final class Movers {
  private static final Duration END = Duration.ofMinutes(4);
  private static final Duration LOOK = Duration.ofMillis(400);
  private static final List<String> TERMINAL = List.of("completed", "failed", "cancelled", "error");

  private final LoadClient api;
  private final Duration time;
  private final Pause pause;
  private final Patience patience;
  private final Map<String, Integer> ends = new TreeMap<>(); // guarded by itself
  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicInteger now = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean over;

  private Movers(LoadClient api, Duration time, Pause pause) {
    this.api = api;
    this.time = time;
    this.pause = pause;
    this.patience = new Patience(pause);
  }

  /**
   * Begins with all of them.
   *
   * @param time how long parts are killed: no migration is expected to end before that is over
   */
  static Movers begin(
      Collection<String> servers, LoadClient api, Duration time, Pause pause, Troubles troubles) {
    Movers movers = new Movers(api, time, pause);
    servers.forEach(server ->
        movers.threads.add(
            Thread.ofVirtual()
                .name("moves-" + server)
                .start(() -> troubles.run("server " + server, () -> movers.move(server)))));
    return movers;
  }

  private Optional<String> move(String server) throws IOException, InterruptedException {
    while (!over) {
      LoadClient.Answer answer =
          api.post(
              "/v1/migrations",
              Map.of("migration", Map.of("server", server)),
              UUID.randomUUID().toString());
      if (!answer.good()) {
        count("refused " + answer.status());
        pause.of(LOOK);
        continue;
      }
      begun.incrementAndGet();
      most.accumulateAndGet(now.incrementAndGet(), Math::max);
      try {
        count(awaitEnd(answer.body().path("migration").path("uuid").asString()));
      } finally {
        now.decrementAndGet();
      }
      awaitFree(server);
    }
    return Optional.empty();
  }

  private String awaitEnd(String migration) throws IOException, InterruptedException {
    return patience.until(
        "migration " + migration + " ends",
        time.plus(END),
        () -> {
          pause.of(LOOK);
          String status =
              api.get("/v1/migrations/" + migration).path("migration").path("status").asString();
          return TERMINAL.contains(status) ? Optional.of(status) : Optional.empty();
        });
  }

  private void awaitFree(String server) throws IOException, InterruptedException {
    patience.untilTrue(
        "server " + server + " is free",
        END,
        () ->
            Optional.of(
                api.get("/v2.1/servers/" + server)
                    .path("server")
                    .path("OS-EXT-STS:task_state")
                    .isNull()));
  }

  private void count(String end) {
    synchronized (ends) {
      ends.merge(end, 1, Integer::sum);
    }
  }

  /** No further migrations; what is under way goes on. */
  void noMore() {
    over = true;
  }

  /** Returns when what was under way has ended. */
  void await() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
  }

  /** How many there were at the same time. */
  int most() {
    return most.get();
  }

  /** How often a migration ended how. */
  Map<String, Integer> ends() {
    synchronized (ends) {
      return new TreeMap<>(ends);
    }
  }

  String told() {
    return "%d migrations begun, %d under way, ended %s".formatted(begun.get(), now.get(), ends());
  }
}
