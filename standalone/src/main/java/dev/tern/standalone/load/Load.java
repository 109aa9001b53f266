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
import java.util.UUID;
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
  private static final Duration CLEAN = Duration.ofMinutes(1);
  private static final int MOVING_MILLIS = 1_500;
  private static final int DECIDING_MILLIS = 60;
  private static final Duration LOOK = Duration.ofMillis(400);
  private static final int IMAGE_BYTES = 64 * 1024;

  private final LoadOptions options;
  private final Consumer<String> say;
  private final Random random; // guarded by itself
  private final Pause pause;
  private final Patience patience;
  private final Troubles troubles = new Troubles();

  private Load(LoadOptions options, Pause pause, Consumer<String> say) {
    this.options = options;
    this.pause = pause;
    this.patience = new Patience(pause);
    this.say = say;
    this.random = new Random(options.seed());
  }

  /**
   * Runs it.
   *
   * @throws IOException when it could not be set up; what it finds broken is in the report
   */
  public static LoadReport run(LoadOptions options, Pause pause, Consumer<String> say)
      throws IOException, InterruptedException {
    Thread.@Nullable UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
      if (failure instanceof Mortal.Died) {
        return; // A killed part's thread met a closed door, as it should.
      }
      if (before != null) {
        before.uncaughtException(thread, failure);
      } else {
        failure.printStackTrace();
      }
    });
    try {
      return new Load(options, pause, say).run();
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  private LoadReport run() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    try (LoadCloud cloud = LoadCloud.start(options, moments())) {
      LoadClient api = new LoadClient(cloud::api, pause);
      Set<String> servers = boot(cloud, api);
      say.accept(
          "%d servers run on %d hosts after %d s"
              .formatted(servers.size(), options.hosts(), seconds(begin)));
      Strikes strikes = Strikes.begin(cloud, new Random(options.seed()), pause, troubles);
      Movers movers = Movers.begin(servers, api, options.time(), pause, troubles);
      watch(cloud, strikes, movers);
      movers.noMore();
      strikes.end();
      say.accept("no more kills; what is under way may end");
      movers.await();
      List<String> broken = afterwards(cloud, api, servers);
      return new LoadReport(
          options.seed(),
          options.time(),
          options.servers(),
          options.hosts(),
          movers.most(),
          movers.ends(),
          strikes.counts(),
          broken);
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
        pause.of(Duration.ofMillis(chance(MOVING_MILLIS)));
      }

      @Override
      public void deciding() {
        try {
          pause.of(Duration.ofMillis(chance(DECIDING_MILLIS)));
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

  /** Until its time is over, or an invariant broken. */
  private void watch(LoadCloud cloud, Strikes strikes, Movers movers) throws InterruptedException {
    long end = System.nanoTime() + options.time().toNanos();
    long said = System.nanoTime();
    while (System.nanoTime() < end && cloud.world().violations().isEmpty()) {
      pause.of(LOOK);
      if (seconds(said) >= 30) {
        said = System.nanoTime();
        say.accept("%s; killed %s".formatted(movers.told(), strikes.counts()));
      }
    }
  }

  // ---- afterwards

  private List<String> afterwards(LoadCloud cloud, LoadClient api, Set<String> servers)
      throws IOException, InterruptedException {
    Leftovers leftovers = new Leftovers(cloud, api, servers, options.hosts());
    long end = System.nanoTime() + CLEAN.toNanos();
    List<String> found = leftovers.find();
    while (!found.isEmpty() && System.nanoTime() < end) {
      pause.of(LOOK);
      found = leftovers.find();
    }
    List<String> broken = new ArrayList<>(found);
    broken.addAll(troubles.all());
    return broken;
  }
}
