package dev.tern.standalone.load;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Kills parts at random and starts them again, up to three at the same time. */
final class Strikes {
  private static final int LONGEST_DOWN_MILLIS = 3_000;
  private static final int LONGEST_PEACE_MILLIS = 7_000;
  private static final int TRIES = 60;
  private static final String BROKER = "broker";
  private static final String DATABASE = "database";

  private final LoadCloud cloud;
  private final Random random;
  private final Map<String, Integer> counts = new TreeMap<>();
  private final Pause pause;
  private final Troubles troubles;
  private final Map<String, Thread> down = new LinkedHashMap<>();
  private final Thread thread;
  private volatile boolean peace;

  private Strikes(LoadCloud cloud, Random random, Pause pause, Troubles troubles) {
    this.cloud = cloud;
    this.random = random;
    this.pause = pause;
    this.troubles = troubles;
    this.thread =
        Thread.ofVirtual().name("strikes").unstarted(() -> troubles.run("strikes", this::go));
  }

  /** What does not come back is among the troubles. */
  static Strikes begin(LoadCloud cloud, Random random, Pause pause, Troubles troubles) {
    Strikes strikes = new Strikes(cloud, random, pause, troubles);
    strikes.thread.start();
    return strikes;
  }

  private Map<String, Integer> go() throws InterruptedException {
    List<String> victims = new ArrayList<>(new java.util.TreeSet<>(cloud.parts().keySet()));
    // An agent is what a migration needs most, so they die twice as often.
    cloud.parts().keySet().stream()
        .filter(name -> name.startsWith("host-"))
        .sorted()
        .forEach(victims::add);
    victims.add(BROKER);
    victims.add(DATABASE);
    while (!peace) {
      int together = 1 + (random.nextInt(4) == 0 ? random.nextInt(3) : 0);
      for (int i = 0; i < together; i++) {
        strike(victims.get(random.nextInt(victims.size())), random.nextInt(LONGEST_DOWN_MILLIS));
      }
      pause.of(Duration.ofMillis(200 + random.nextInt(LONGEST_PEACE_MILLIS)));
    }
    return counts();
  }

  private synchronized void strike(String victim, int downMillis) {
    Thread before = down.get(victim);
    if (before != null && before.isAlive()) {
      return; // it is dead already
    }
    counts.merge(victim, 1, Integer::sum);
    down.put(
        victim,
        Thread.ofVirtual()
            .name("strike-" + victim)
            .start(() ->
                troubles.run(
                    victim + " did not come back",
                    () -> fall(victim, Duration.ofMillis(downMillis)))));
  }

  private String fall(String victim, Duration down) throws IOException, InterruptedException {
    switch (victim) {
      case BROKER -> cloud.strikeBroker();
      case DATABASE -> cloud.strikeDatabase();
      default -> {
        Part part = part(victim);
        part.kill();
        pause.of(down);
        startAgain(part);
      }
    }
    return victim;
  }

  private Part part(String name) {
    Part part = cloud.parts().get(name);
    if (part == null) {
      throw new IllegalArgumentException("there is no " + name);
    }
    return part;
  }

  /** What it needs to start may be dead too. */
  private void startAgain(Part part) throws IOException, InterruptedException {
    for (int tried = 1; ; tried++) {
      try {
        part.start();
        return;
      } catch (IOException e) {
        if (tried == TRIES) {
          throw e;
        }
        pause.of(Duration.ofSeconds(1));
      }
    }
  }

  /** How often each was killed. */
  synchronized Map<String, Integer> counts() {
    return new TreeMap<>(counts);
  }

  private synchronized List<Thread> falling() {
    return List.copyOf(down.values());
  }

  /** No more strikes; returns when everything runs again. */
  void end() throws InterruptedException {
    peace = true;
    thread.join();
    for (Thread one : falling()) {
      one.join();
    }
  }
}
