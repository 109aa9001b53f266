package dev.tern.standalone.load;

import java.io.IOException;
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
  private final List<String> troubles = new ArrayList<>();
  private final Map<String, Thread> down = new LinkedHashMap<>();
  private final Thread thread;
  private volatile boolean peace;

  private Strikes(LoadCloud cloud, Random random) {
    this.cloud = cloud;
    this.random = random;
    this.thread = Thread.ofVirtual().name("strikes").unstarted(this::go);
  }

  static Strikes begin(LoadCloud cloud, Random random) {
    Strikes strikes = new Strikes(cloud, random);
    strikes.thread.start();
    return strikes;
  }

  private void go() {
    List<String> victims = new ArrayList<>(new java.util.TreeSet<>(cloud.parts().keySet()));
    // An agent is what a migration needs most, so they die twice as often.
    cloud.parts().keySet().stream()
        .filter(name -> name.startsWith("host-"))
        .sorted()
        .forEach(victims::add);
    victims.add(BROKER);
    victims.add(DATABASE);
    try {
      while (!peace) {
        int together = 1 + (random.nextInt(4) == 0 ? random.nextInt(3) : 0);
        for (int i = 0; i < together; i++) {
          strike(victims.get(random.nextInt(victims.size())), random.nextInt(LONGEST_DOWN_MILLIS));
        }
        Thread.sleep(200 + random.nextInt(LONGEST_PEACE_MILLIS));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void strike(String victim, int downMillis) {
    Thread before = down.get(victim);
    if (before != null && before.isAlive()) {
      return; // it is dead already
    }
    counts.merge(victim, 1, Integer::sum);
    down.put(
        victim, Thread.ofVirtual().name("strike-" + victim).start(() -> fall(victim, downMillis)));
  }

  private void fall(String victim, int downMillis) {
    try {
      switch (victim) {
        case BROKER -> cloud.strikeBroker();
        case DATABASE -> cloud.strikeDatabase();
        default -> {
          Part part = part(victim);
          part.kill();
          Thread.sleep(downMillis);
          startAgain(part);
        }
      }
    } catch (IOException e) {
      trouble("%s did not come back: %s".formatted(victim, e));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private Part part(String name) {
    Part part = cloud.parts().get(name);
    if (part == null) {
      throw new IllegalArgumentException("there is no " + name);
    }
    return part;
  }

  /** What it needs to start may be dead too. */
  private static void startAgain(Part part) throws IOException, InterruptedException {
    for (int tried = 1; ; tried++) {
      try {
        part.start();
        return;
      } catch (IOException e) {
        if (tried == TRIES) {
          throw e;
        }
        Thread.sleep(1_000);
      }
    }
  }

  private synchronized void trouble(String what) {
    troubles.add(what);
  }

  /** How often each was killed. */
  synchronized Map<String, Integer> counts() {
    return new TreeMap<>(counts);
  }

  synchronized List<String> troubles() {
    return List.copyOf(troubles);
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
