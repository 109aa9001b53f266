package dev.tern.standalone.load;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Many servers, each with one migration after the other, while Tern's parts are killed. No two
 * processes may run one guest at any moment; afterwards every migration has ended, every guest runs
 * where the database says, and nothing else is left.
 */
public final class Load {
  private static final Duration BOOT = Duration.ofMinutes(2);
  private static final Duration END = Duration.ofMinutes(4);
  private static final Duration CLEAN = Duration.ofMinutes(1);
  private static final int MOVING_MILLIS = 1_500;
  private static final int DECIDING_MILLIS = 60;
  private static final long LOOK_MILLIS = 400;
  private static final int IMAGE_BYTES = 64 * 1024;

  private final LoadOptions options;
  private final Consumer<String> say;
  private final Random random;
  private final Patience patience = new Patience(Pause.SLEEPING);
  private final Map<String, Integer> ends = new TreeMap<>(); // guarded by itself
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private final AtomicInteger now = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final List<String> troubles = new ArrayList<>(); // guarded by itself
  private volatile boolean over;

  private Load(LoadOptions options, Consumer<String> say) {
    this.options = options;
    this.say = say;
    this.random = new Random(options.seed());
  }

  /**
   * Runs it.
   *
   * @throws IOException when it could not be set up; what it finds broken is in the report
   */
  public static LoadReport run(LoadOptions options, Consumer<String> say)
      throws IOException, InterruptedException {
    Thread.@Nullable UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
      if (!(failure instanceof Mortal.Died) && before != null) {
        before.uncaughtException(thread, failure);
      }
    });
    try {
      return new Load(options, say).run();
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  private LoadReport run() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    try (LoadCloud cloud = LoadCloud.start(options, moments())) {
      LoadClient api = new LoadClient(cloud::api);
      Set<String> servers = boot(cloud, api);
      say.accept(
          "%d servers run on %d hosts after %d s"
              .formatted(servers.size(), options.hosts(), seconds(begin)));
      Strikes strikes = Strikes.begin(cloud, new Random(options.seed()));
      List<Thread> movers = new ArrayList<>();
      servers.forEach(server ->
          movers.add(Thread.ofVirtual().name("moves-" + server).start(() -> move(api, server))));
      watch(cloud, strikes);
      over = true;
      strikes.end();
      trouble(strikes.troubles());
      say.accept("no more kills; what is under way may end");
      await(movers);
      List<String> broken = afterwards(cloud, api, servers);
      synchronized (ends) {
        return new LoadReport(
            options.seed(),
            options.time(),
            options.servers(),
            options.hosts(),
            most.get(),
            new TreeMap<>(ends),
            strikes.counts(),
            broken);
      }
    }
  }

  private static long seconds(long since) {
    return (System.nanoTime() - since) / 1_000_000_000;
  }

  /** Of one source of chance, whichever threads ask it; only what is killed when is replayed. */
  private MortalDriver.Moments moments() {
    return new MortalDriver.Moments() {
      @Override
      public void moving() throws InterruptedException {
        Thread.sleep(chance(MOVING_MILLIS));
      }

      @Override
      public void deciding() {
        try {
          Thread.sleep(chance(DECIDING_MILLIS));
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  private int chance(int below) {
    synchronized (random) {
      return random.nextInt(below);
    }
  }

  // ---- before

  private Set<String> boot(LoadCloud cloud, LoadClient api)
      throws IOException, InterruptedException {
    patience.untilTrue(
        "all hosts report", BOOT, () -> java.util.Optional.of(up(api) == options.hosts()));
    String image = image(api);
    Set<String> servers = new LinkedHashSet<>();
    for (int i = 0; i < options.servers(); i++) {
      String zone = "nova:" + LoadCloud.host(1 + i % options.hosts());
      Map<String, Object> server =
          Map.of(
              "name",
              "load-" + i,
              "imageRef",
              image,
              "flavorRef",
              "t",
              "networks",
              "none",
              "availability_zone",
              zone);
      LoadClient.Answer answer =
          api.post("/v2.1/servers", Map.of("server", server), UUID.randomUUID().toString());
      if (!answer.good()) {
        throw new IOException("a server was refused: " + answer);
      }
      servers.add(answer.body().path("server").path("id").asString());
    }
    for (String server : servers) {
      patience.untilTrue(
          "server " + server + " is ACTIVE",
          BOOT,
          () -> {
            JsonNode shown = api.get("/v2.1/servers/" + server).path("server");
            if (shown.path("status").asString().equals("ERROR")) {
              throw new IOException("in ERROR: " + shown.path("fault"));
            }
            return java.util.Optional.of(shown.path("status").asString().equals("ACTIVE"));
          });
    }
    if (!cloud.world().violations().isEmpty()) {
      throw new IOException("broken before anything was killed: " + cloud.world().violations());
    }
    return servers;
  }

  private static int up(LoadClient api) throws IOException, InterruptedException {
    int up = 0;
    for (JsonNode host : api.get("/v2.1/os-hypervisors").path("hypervisors")) {
      up += host.path("state").asString("").equals("up") ? 1 : 0;
    }
    return up;
  }

  private static String image(LoadClient api) throws IOException, InterruptedException {
    String id =
        api.post(
                "/image/v2/images",
                Map.of("name", "load", "disk_format", "raw", "container_format", "bare"),
                UUID.randomUUID().toString())
            .body()
            .path("id")
            .asString();
    byte[] bytes = new byte[IMAGE_BYTES];
    bytes[0] = 1; // no format's magic
    LoadClient.Answer answer = api.put("/image/v2/images/" + id + "/file", bytes);
    if (!answer.good()) {
      throw new IOException("the image was refused: " + answer);
    }
    return id;
  }

  // ---- meanwhile

  private void move(LoadClient api, String server) {
    try {
      while (!over) {
        LoadClient.Answer answer =
            api.post(
                "/v1/migrations",
                Map.of("migration", Map.of("server", server)),
                UUID.randomUUID().toString());
        if (!answer.good()) {
          count("refused " + answer.status());
          Thread.sleep(LOOK_MILLIS);
          continue;
        }
        String migration = answer.body().path("migration").path("uuid").asString();
        begun.add(migration);
        most.accumulateAndGet(now.incrementAndGet(), Math::max);
        count(awaitEnd(api, migration));
        now.decrementAndGet();
        awaitFree(api, server);
      }
    } catch (IOException e) {
      trouble(List.of("server %s: %s".formatted(server, e.getMessage())));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private String awaitEnd(LoadClient api, String migration)
      throws IOException, InterruptedException {
    return patience.until(
        "migration " + migration + " ends",
        options.time().plus(END),
        () -> {
          Thread.sleep(LOOK_MILLIS);
          String status =
              api.get("/v1/migrations/" + migration).path("migration").path("status").asString();
          return List.of("completed", "failed", "cancelled", "error").contains(status)
              ? java.util.Optional.of(status)
              : java.util.Optional.empty();
        });
  }

  private void awaitFree(LoadClient api, String server) throws IOException, InterruptedException {
    patience.untilTrue(
        "server " + server + " is free",
        END,
        () ->
            java.util.Optional.of(
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

  private void trouble(List<String> more) {
    synchronized (troubles) {
      troubles.addAll(more);
    }
  }

  /** Until its time is over, or an invariant broken. */
  private void watch(LoadCloud cloud, Strikes strikes) throws InterruptedException {
    long end = System.nanoTime() + options.time().toNanos();
    long said = System.nanoTime();
    while (System.nanoTime() < end && cloud.world().violations().isEmpty()) {
      Thread.sleep(LOOK_MILLIS);
      if (seconds(said) >= 30) {
        said = System.nanoTime();
        synchronized (ends) {
          say.accept(
              "%d migrations begun, %d under way, ended %s; killed %s"
                  .formatted(begun.size(), now.get(), ends, strikes.counts()));
        }
      }
    }
  }

  // ---- afterwards

  private void await(List<Thread> movers) throws InterruptedException {
    for (Thread mover : movers) {
      mover.join();
    }
  }

  private List<String> afterwards(LoadCloud cloud, LoadClient api, Set<String> servers)
      throws IOException, InterruptedException {
    Leftovers leftovers = new Leftovers(cloud, api, servers, options.hosts());
    long end = System.nanoTime() + CLEAN.toNanos();
    List<String> found = leftovers.find();
    while (!found.isEmpty() && System.nanoTime() < end) {
      Thread.sleep(LOOK_MILLIS);
      found = leftovers.find();
    }
    List<String> broken = new ArrayList<>(found);
    synchronized (troubles) {
      broken.addAll(troubles);
    }
    return broken;
  }
}
