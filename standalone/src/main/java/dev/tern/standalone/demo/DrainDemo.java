package dev.tern.standalone.demo;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * {@code ./tern demo drain}: boots servers that write on one of three hosts and empties it under
 * limits, while the agent of a destination is killed and started again. What it believes of the
 * guests comes from their consoles.
 */
public final class DrainDemo {
  private static final Duration BOOT = Duration.ofMinutes(10);
  private static final Duration DRAIN = Duration.ofMinutes(20);
  private static final Duration SOON = Duration.ofMinutes(2);
  private static final Duration DEAD = Duration.ofSeconds(3);

  /** With 64 the guest's kernel runs out of memory as it boots. */
  private static final int MEMORY_MIB = 80;

  private static final int BOOT_AT_ONCE = 4;

  /** Little, so that there is time to kill somebody. */
  private static final long BANDWIDTH = 24L << 20;

  private static final String HOME = "host-1";
  private static final String VICTIM = "host-2";
  private static final DemoWork WORK =
      new DemoWork(64L << 20, 4 << 20, "tern.beat=100 tern.write=5,1024,0 tern.mem=2,1", 5, 3);

  private final DemoPlace place;
  private final Services services;
  private final int count;
  private final ComputeClient api;
  private final Story story;
  private final Patience patience;
  private final Pause pause;
  private final Map<String, GuestWatch> watches = new LinkedHashMap<>();
  private final List<String> broken = new ArrayList<>();
  private long told;
  private long deadSince;
  private boolean killed;
  private boolean restarted;

  /**
   * Of a stage with three hosts whose services are processes.
   *
   * @param count servers
   */
  public DrainDemo(
      DemoPlace place,
      Services services,
      int count,
      Pause pause,
      PrintStream out,
      boolean terminal) {
    this.place = place;
    this.services = services;
    this.count = count;
    this.api = new ComputeClient(place.api());
    this.story = new Story(out, terminal);
    this.patience = new Patience(pause);
    this.pause = pause;
  }

  /**
   * Plays it once.
   *
   * @return what was broken; nothing when all held
   * @throws IOException when a step could not be done at all
   */
  public List<String> play() throws IOException, InterruptedException {
    String flavor = flavor();
    String image = uploadImages();
    List<ConsoleTail> tails = new ArrayList<>();
    try {
      boot(flavor, image, tails);
      String drain = drain();
      JsonNode ended = await(drain);
      judge(ended);
      print(ended);
    } finally {
      for (ConsoleTail tail : tails) {
        tail.close();
      }
      if (killed && !restarted) {
        services.restart("agent-" + VICTIM);
      }
      deleteAll();
    }
    return broken;
  }

  private String flavor() throws IOException, InterruptedException {
    Map<String, Object> flavor =
        Map.of("name", "demo.drain", "ram", MEMORY_MIB, "vcpus", 1, "disk", 1);
    return api.post("/v2.1/flavors", Map.of("flavor", flavor)).path("flavor").path("id").asString();
  }

  private String uploadImages() throws IOException, InterruptedException {
    story.step("uploading a kernel, an initramfs and a qcow2 disk image");
    Path base = place.work().resolve("base.qcow2");
    Files.deleteIfExists(base);
    TestImages.base(base, WORK.diskBytes(), WORK.baseBytes(), 1);
    String kernel =
        api.upload("tern-guest-kernel", "aki", Map.of(), place.guest().resolve("vmlinux"));
    String ramdisk =
        api.upload("tern-guest-initramfs", "ari", Map.of(), place.guest().resolve("initrd.gz"));
    return api.upload(
        "tern-guest",
        "qcow2",
        Map.of(
            "kernel_id",
            kernel,
            "ramdisk_id",
            ramdisk,
            "os_command_line",
            Demo.KERNEL_ARGUMENTS + WORK.guest()),
        base);
  }

  /** A few at a time: a guest without KVM needs a processor for its boot. */
  private void boot(String flavor, String image, List<ConsoleTail> tails)
      throws IOException, InterruptedException {
    story.step("booting %d servers of %d MiB on %s".formatted(count, MEMORY_MIB, HOME));
    List<String> booting = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      Map<String, Object> server =
          Map.of(
              "name", "drain-%02d".formatted(i),
              "imageRef", image,
              "flavorRef", flavor,
              "networks", "none",
              "host", HOME);
      String id =
          api.post("/v2.1/servers", Map.of("server", server)).path("server").path("id").asString();
      GuestWatch watch = new GuestWatch();
      watches.put(id, watch);
      tails.add(new ConsoleTail(consoles(id), watch, pause));
      booting.add(id);
      if (booting.size() == BOOT_AT_ONCE || i == count) {
        awaitWrites(booting);
        booting.clear();
      }
    }
    story.step("%d guests on %s beat, write and check their memory".formatted(count, HOME));
  }

  private void awaitWrites(List<String> servers) throws IOException, InterruptedException {
    for (String server : servers) {
      GuestWatch watch = watch(server);
      patience.untilTrue(
          "server %s writes".formatted(server),
          BOOT,
          () ->
              Optional.of(
                  watch.sight().acknowledgements() >= WORK.writesBefore()
                      && watch.sight().memoryChecks() > 0));
    }
  }

  private GuestWatch watch(String server) {
    return Optional.ofNullable(watches.get(server)).orElseThrow();
  }

  private Map<String, Path> consoles(String server) {
    Map<String, Path> consoles = new LinkedHashMap<>();
    place
        .hostData()
        .forEach((host, data) ->
            consoles.put(host, data.resolve("instances").resolve(server).resolve("console.log")));
    return consoles;
  }

  private String drain() throws IOException, InterruptedException {
    JsonNode planned =
        api.post("/v1/drains", Map.of("host", HOME, "dry_run", true)).path("drain").path("plan");
    story.step(
        "dry run: %d servers, %s, expected to take %d s (%s)"
            .formatted(
                planned.path("moves").size(),
                Story.bytes(
                    planned
                        .path("moves")
                        .valueStream()
                        .mapToLong(move -> move.path("bytes").asLong(0))
                        .sum()),
                planned.path("seconds").asLong(0),
                planned.path("basis").asString("")));
    Map<String, Object> wishes =
        Map.of(
            "host",
            HOME,
            "limits",
            Map.of("out", 3, "in", 2, "bandwidth", BANDWIDTH),
            "order",
            "smallest_first");
    JsonNode drain = api.post("/v1/drains", wishes).path("drain");
    String id = drain.path("id").asString();
    story.step(
        "drain %s: at most 3 leave %s at once, 2 come to any host, %s a second in all"
            .formatted(id, HOME, Story.bytes(BANDWIDTH)));
    drain
        .path("plan")
        .path("remarks")
        .forEach(remark -> story.step("remark: " + remark.asString()));
    String twice = api.post("/v1/drains", Map.of("host", HOME)).path("drain").path("id").asString();
    require(twice.equals(id), "asking twice made two drains");
    return id;
  }

  private JsonNode await(String drain) throws IOException, InterruptedException {
    return patience.until(
        "the drain ends",
        DRAIN,
        () -> {
          JsonNode now = api.get("/v1/drains/" + drain).path("drain");
          draw(now);
          strike(now);
          return now.path("ended_at").isNull() ? Optional.empty() : Optional.of(now);
        });
  }

  private void draw(JsonNode drain) {
    JsonNode report = drain.path("report");
    long all = report.path("servers").asLong(0);
    long moved = report.path("moved").asLong(0);
    int moving = report.path("moving").asInt(0);
    require(moving <= 3, "%d servers moved at once, and 3 may".formatted(moving));
    if (moved != told) {
      told = moved;
      story.step("%d of %d have arrived, %d move".formatted(moved, all, moving));
    }
  }

  /** Once a server moves to the victim, and two have arrived somewhere. */
  private void strike(JsonNode drain) throws IOException {
    boolean coming =
        drain
            .path("servers")
            .valueStream()
            .anyMatch(server ->
                server.path("state").asString().equals("moving")
                    && server.path("to").asString().equals(VICTIM));
    if (!killed && coming && drain.path("report").path("moved").asInt(0) >= 2) {
      long pid = services.pid("agent-" + VICTIM);
      services.kill("agent-" + VICTIM);
      killed = true;
      deadSince = System.nanoTime();
      story.step("kill -9 %d (agent-%s), while a server moves there".formatted(pid, VICTIM));
    } else if (killed && !restarted && System.nanoTime() - deadSince > DEAD.toNanos()) {
      services.restart("agent-" + VICTIM);
      restarted = true;
      story.step("agent-%s started again".formatted(VICTIM));
    }
  }

  private void require(boolean held, String what) {
    if (!held && !broken.contains(what)) {
      broken.add(what);
    }
  }

  private void judge(JsonNode drain) throws IOException, InterruptedException {
    require(
        drain.path("state").asString().equals("drained"),
        "the drain ended as %s: %s"
            .formatted(drain.path("state").asString(), drain.path("report").path("still_there")));
    double seconds = drain.path("report").path("seconds").asDouble(0);
    require(
        drain.path("report").path("bytes").asDouble(0) <= 1.05 * BANDWIDTH * seconds,
        "more than %s a second was sent".formatted(Story.bytes(BANDWIDTH)));
    require(killed && restarted, "no agent was killed meanwhile");
    for (Map.Entry<String, GuestWatch> each : watches.entrySet()) {
      String server = each.getKey();
      GuestWatch watch = each.getValue();
      long beats = watch.sight().beats();
      patience.untilTrue(
          "server %s beats on".formatted(server),
          SOON,
          () -> Optional.of(watch.sight().beats() > beats + 2));
      GuestWatch.Sight sight = watch.sight();
      require(sight.bootIds() == 1, "%s was booted again".formatted(server));
      require(sight.beatsBackwards() == 0, "%s ran twice or went back".formatted(server));
      require(sight.badPages() == 0, "%s has lost memory".formatted(server));
      require(sight.troubles().isEmpty(), "%s has trouble: %s".formatted(server, sight.troubles()));
      String host =
          api.get("/v2.1/servers/" + server).path("server").path("OS-EXT-SRV-ATTR:host").asString();
      require(
          !host.equals(HOME) && sight.lastHost().equals(Optional.of(host)),
          "%s is on %s in the database and beats on %s"
              .formatted(server, host, sight.lastHost().orElse("no host")));
    }
    JsonNode audit = api.get("/v1/audit");
    require(
        audit.path("audit").path("differences").isEmpty(), "database and hosts differ: " + audit);
    try (Stream<Path> left =
        Files.list(place.hostData().getOrDefault(HOME, place.work()).resolve("instances"))) {
      List<Path> files = left.toList();
      require(files.isEmpty(), "left on %s: %s".formatted(HOME, files));
    }
  }

  private void print(JsonNode drain) {
    JsonNode plan = drain.path("plan");
    JsonNode report = drain.path("report");
    story.plain(
        "%-10s %-14s %9s %9s %11s %9s %5s"
            .formatted("server", "to", "planned", "took", "bytes", "pause", "tries"));
    for (JsonNode server : drain.path("servers")) {
      story.plain(
          String.format(
              Locale.ROOT,
              "%-10s %-14s %7.1f s %7.1f s %11s %6d ms %5d",
              server.path("server").asString().substring(0, 8),
              server.path("to").asString("-"),
              server.path("planned_seconds").asDouble(0),
              server.path("seconds").asDouble(0),
              Story.bytes(server.path("bytes").asLong(0)),
              server.path("pause_millis").asLong(0),
              server.path("tries").asLong(0)));
    }
    story.plain(
        String.format(
            Locale.ROOT,
            "%s: %d of %d moved in %.1f s (planned %d s), %s, longest pause %d ms",
            drain.path("state").asString(),
            report.path("moved").asLong(0),
            report.path("servers").asLong(0),
            report.path("seconds").asDouble(0),
            plan.path("first_seconds").asLong(0),
            Story.bytes(report.path("bytes").asLong(0)),
            report.path("longest_pause_millis").asLong(0)));
  }

  private void deleteAll() throws IOException, InterruptedException {
    for (String server : watches.keySet()) {
      api.delete("/v2.1/servers/" + server);
    }
    for (String server : watches.keySet()) {
      patience.untilTrue(
          "server %s is gone".formatted(server),
          SOON,
          () -> Optional.of(api.find("/v2.1/servers/" + server).isEmpty()));
    }
  }
}
