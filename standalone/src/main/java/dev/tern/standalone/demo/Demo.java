package dev.tern.standalone.demo;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Boots a server that writes to disk and memory, moves it while it writes, and proves from outside
 * that nothing was lost. Drives only the public API; what it believes comes from the guest's
 * console and the disks.
 */
public final class Demo {
  private static final Duration BOOT = Duration.ofMinutes(2);
  private static final Duration MOVE = Duration.ofMinutes(3);
  private static final Duration SOON = Duration.ofMinutes(1);
  static final String KERNEL_ARGUMENTS =
      "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check cryptomgr.notests audit=0 rcupdate.rcu_expedited=1 ";

  private final DemoPlace place;
  private final ComputeClient api;
  private final Story story;
  private final Patience patience;
  private final Pause pause;
  private final DemoWork work;
  private final Optional<Services> victims;

  public Demo(DemoPlace place, Pause pause, java.io.PrintStream out, boolean terminal) {
    this(place, pause, out, terminal, DemoWork.USUAL, Optional.empty());
  }

  private Demo(
      DemoPlace place,
      Pause pause,
      java.io.PrintStream out,
      boolean terminal,
      DemoWork work,
      Optional<Services> victims) {
    this.place = place;
    this.work = work;
    this.victims = victims;
    this.api = new ComputeClient(place.api());
    this.story = new Story(out, terminal);
    this.patience = new Patience(pause);
    this.pause = pause;
  }

  /** The same with less data and agents and conductor killed while it moves. */
  public static Demo amongKills(
      DemoPlace place, Pause pause, java.io.PrintStream out, boolean terminal, Services services) {
    return new Demo(place, pause, out, terminal, DemoWork.AMONG_KILLS, Optional.of(services));
  }

  /**
   * Plays it once.
   *
   * @throws IOException when a step could not be done at all; what was done wrong is in the report
   */
  public DemoReport play() throws IOException, InterruptedException {
    String image = uploadImages();
    String server = boot(image);
    try {
      return moveAndProve(server);
    } catch (IOException | InterruptedException | RuntimeException e) {
      // A guest outlives its agent: one nobody deletes would run on after the demo.
      deleteAfterFailure(server, e);
      throw e;
    }
  }

  private DemoReport moveAndProve(String server) throws IOException, InterruptedException {
    GuestWatch watch = new GuestWatch();
    String source = hostOf(server);
    String destination;
    JsonNode migration;
    Optional<DemoReport.Unrest> unrest = Optional.empty();
    try (ConsoleTail _ = new ConsoleTail(consoles(server), watch, pause)) {
      awaitWrites(watch, source);
      if (victims.isPresent()) {
        try (RunnerSampler sampler = new RunnerSampler(place.hostData())) {
          DemoKills kills = new DemoKills(victims.get(), sampler, story);
          migration = migrate(server, Optional.of(kills));
          unrest = Optional.of(kills.finish());
        }
      } else {
        migration = migrate(server, Optional.empty());
      }
      destination = hostOf(server);
      awaitLifeAfterwards(watch, destination);
      stop(server);
    }
    DiskProof.Verdict disks = compareDisks(server, source, destination, watch);
    List<String> leftovers = deleteAndLook(server);
    return report(source, destination, migration, watch, disks, leftovers, unrest);
  }

  private void deleteAfterFailure(String server, Exception failure) {
    try {
      api.delete("/v2.1/servers/" + server);
      patience.untilTrue(
          "the server is gone",
          SOON,
          () -> Optional.of(api.find("/v2.1/servers/" + server).isEmpty()));
    } catch (IOException | InterruptedException | RuntimeException e) {
      failure.addSuppressed(e);
      story.plain("server " + server + " could not be deleted: " + e.getMessage());
    }
  }

  private String uploadImages() throws IOException, InterruptedException {
    story.step("uploading a kernel, an initramfs and a qcow2 disk image");
    Path kernel = place.guest().resolve("vmlinux");
    if (!Files.exists(kernel)) {
      throw new IOException(
          "There is no test guest in " + place.guest() + ": run guest/build-guest.");
    }
    Path base = place.work().resolve("base.qcow2");
    Files.deleteIfExists(base);
    TestImages.base(base, work.diskBytes(), work.baseBytes(), 1);
    String kernelId = api.upload("tern-guest-kernel", "aki", Map.of(), kernel);
    String ramdiskId =
        api.upload("tern-guest-initramfs", "ari", Map.of(), place.guest().resolve("initrd.gz"));
    return api.upload(
        "tern-guest",
        "qcow2",
        Map.of(
            "kernel_id",
            kernelId,
            "ramdisk_id",
            ramdiskId,
            "os_command_line",
            KERNEL_ARGUMENTS + work.guest()),
        base);
  }

  private String boot(String image) throws IOException, InterruptedException {
    Map<String, Object> server = new LinkedHashMap<>();
    server.put("name", "demo");
    server.put("imageRef", image);
    server.put("flavorRef", "t");
    server.put("networks", "none");
    String id =
        api.post("/v2.1/servers", Map.of("server", server)).path("server").path("id").asString();
    story.step("booting server " + id);
    patience.untilTrue(
        "server " + id + " becomes ACTIVE", BOOT, () -> Optional.of(settled(id, "ACTIVE")));
    story.step("the server is ACTIVE on " + hostOf(id));
    return id;
  }

  private boolean settled(String server, String status) throws IOException, InterruptedException {
    JsonNode now = api.get("/v2.1/servers/" + server).path("server");
    String is = now.path("status").asString();
    if (is.equals("ERROR")) {
      throw new IOException(
          "Server "
              + server
              + " is in ERROR: "
              + now.path("fault").path("message").asString("no reason given"));
    }
    return is.equals(status) && now.path("OS-EXT-STS:task_state").isNull();
  }

  private String hostOf(String server) throws IOException, InterruptedException {
    return api.get("/v2.1/servers/" + server)
        .path("server")
        .path("OS-EXT-SRV-ATTR:host")
        .asString();
  }

  private Map<String, Path> consoles(String server) {
    Map<String, Path> consoles = new LinkedHashMap<>();
    place
        .hostData()
        .forEach((host, data) ->
            consoles.put(host, data.resolve("instances").resolve(server).resolve("console.log")));
    return consoles;
  }

  private void awaitWrites(GuestWatch watch, String source)
      throws IOException, InterruptedException {
    patience.untilTrue(
        "the guest acknowledges " + work.writesBefore() + " writes",
        BOOT,
        () ->
            Optional.of(
                watch.sight().acknowledgements() >= work.writesBefore()
                    && watch.sight().memoryChecks() > 0));
    story.step(
        "the guest on %s beats every 10 ms, has %d acknowledged writes, and checks its memory"
            .formatted(source, watch.sight().acknowledgements()));
  }

  private JsonNode migrate(String server, Optional<DemoKills> kills)
      throws IOException, InterruptedException {
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("host", null);
    request.put("block_migration", "auto");
    api.post("/v2.1/servers/" + server + "/action", Map.of("os-migrateLive", request));
    story.step("live migration asked for, with its local disk, while it writes");
    String query = "/v2.1/os-migrations?instance_uuid=" + server;
    JsonNode ended =
        patience.until(
            "the migration ends",
            MOVE,
            () -> {
              JsonNode progress =
                  api.get("/v2.1/servers/" + server + "/migrations").path("migrations").path(0);
              if (!progress.isMissingNode()) {
                JsonNode now =
                    api.get("/v1/migrations/" + progress.path("uuid").asString()).path("migration");
                draw(now, kills.map(DemoKills::runner).orElse(""));
                if (kills.isPresent()) {
                  kills.get().look(now);
                }
              }
              JsonNode last = api.get(query).path("migrations").path(0);
              return List.of("completed", "error", "failed", "cancelled")
                      .contains(last.path("status").asString())
                  ? Optional.of(last)
                  : Optional.empty();
            });
    JsonNode told = api.get("/v1/migrations/" + ended.path("uuid").asString()).path("migration");
    if (!ended.path("status").asString().equals("completed")) {
      throw new IOException(
          "The migration ended as %s: %s"
              .formatted(
                  ended.path("status").asString(),
                  told.path("failure").path("message").asString("")));
    }
    story.step(
        "migration completed: "
            + ended.path("source_compute").asString()
            + " to "
            + ended.path("dest_compute").asString());
    return told;
  }

  private void draw(JsonNode m, String runner) {
    long memory = m.path("memory_total_bytes").asLong(0);
    long disk = m.path("disk_total_bytes").asLong(0);
    story.moving(
        m.path("status").asString() + runner,
        m.path("progress").path("percent").asDouble(0),
        memory - m.path("memory_remaining_bytes").asLong(memory),
        memory,
        disk - m.path("disk_remaining_bytes").asLong(disk),
        disk);
  }

  private void awaitLifeAfterwards(GuestWatch watch, String destination)
      throws IOException, InterruptedException {
    patience.untilTrue(
        "the guest goes on writing on " + destination,
        SOON,
        () ->
            Optional.of(
                watch.acknowledgedOn(destination).size() >= work.writesAfter()
                    && watch.sight().memoryChecksSinceSwitch() >= 2
                    && watch.sight().lastHost().equals(Optional.of(destination))));
    story.step(
        "the guest writes on %s; from outside it was silent for %d ms"
            .formatted(destination, watch.sight().switchGap().toMillis()));
  }

  private void stop(String server) throws IOException, InterruptedException {
    api.post(
        "/v2.1/servers/" + server + "/action", java.util.Collections.singletonMap("os-stop", null));
    patience.untilTrue("the server stops", SOON, () -> Optional.of(settled(server, "SHUTOFF")));
    story.step("server stopped, to compare the disks");
  }

  private DiskProof.Verdict compareDisks(
      String server, String source, String destination, GuestWatch watch)
      throws IOException, InterruptedException {
    Path kept = keptDisk(source, server);
    Path moved =
        place
            .hostData()
            .getOrDefault(destination, place.work())
            .resolve("instances")
            .resolve(server)
            .resolve("disk0.qcow2");
    Path sourceRaw = place.work().resolve("source.raw");
    Path destinationRaw = place.work().resolve("destination.raw");
    try {
      TestImages.flatten(kept, sourceRaw);
      TestImages.flatten(moved, destinationRaw);
      long last =
          watch.acknowledgedOn(source).values().stream().mapToLong(Long::longValue).max().orElse(0);
      DiskProof.Verdict verdict =
          new DiskProof(watch.acknowledged(), last).judge(sourceRaw, destinationRaw);
      story.step(
          "compared the disks block by block: %d written since the move, %d others differ"
              .formatted(verdict.writtenAfterwards(), verdict.unexplainedBlocks()));
      return verdict;
    } finally {
      Files.deleteIfExists(sourceRaw);
      Files.deleteIfExists(destinationRaw);
    }
  }

  /** The source's disk as it was at the pause: the demo's hosts keep it. */
  private Path keptDisk(String source, String server) throws IOException {
    Path kept = place.hostData().getOrDefault(source, place.work()).resolve("kept");
    try (Stream<Path> folders = Files.list(kept)) {
      return folders
          .filter(folder -> folder.getFileName().toString().startsWith(server))
          .map(folder -> folder.resolve("disk0.qcow2"))
          .findFirst()
          .orElseThrow(() -> new IOException("The source's disk is not in " + kept + "."));
    }
  }

  private List<String> deleteAndLook(String server) throws IOException, InterruptedException {
    api.delete("/v2.1/servers/" + server);
    patience.untilTrue(
        "the server is gone",
        SOON,
        () -> Optional.of(api.find("/v2.1/servers/" + server).isEmpty()));
    List<String> left = new ArrayList<>();
    for (Map.Entry<String, Path> host : place.hostData().entrySet()) {
      try (Stream<Path> files = Files.list(host.getValue().resolve("instances"))) {
        files.forEach(file -> left.add(host.getKey() + ": " + file.getFileName()));
      }
    }
    ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(server))
        .forEach(process -> left.add("process " + process.pid()));
    for (JsonNode migration :
        api.get("/v2.1/os-migrations?instance_uuid=" + server).path("migrations")) {
      if (!migration.path("status").asString().equals("completed")) {
        left.add(
            "migration "
                + migration.path("uuid").asString()
                + " in "
                + migration.path("status").asString());
      }
    }
    story.step(
        left.isEmpty() ? "server deleted; nothing of it is left" : "server deleted; left: " + left);
    return left;
  }

  private DemoReport report(
      String source,
      String destination,
      JsonNode migration,
      GuestWatch watch,
      DiskProof.Verdict disks,
      List<String> leftovers,
      Optional<DemoReport.Unrest> unrest) {
    GuestWatch.Sight sight = watch.sight();
    return new DemoReport(
        source,
        destination,
        migration.path("total_millis").asLong(0) / 1000.0,
        migration.path("disk_processed_bytes").asLong(0),
        migration.path("memory_processed_bytes").asLong(0),
        Pauses.of(migration),
        Foreseen.of(migration),
        sight.switchGap().toNanos() / 1e6,
        sight.acknowledgements(),
        disks.lostWrites(),
        disks.corruptBlocks(),
        sight.badPages(),
        sight.bootIds() != 1 || sight.beatsBackwards() > 0,
        disks.unexplainedBlocks() == 0,
        sight.switches(),
        sight.lastHost().orElse("nowhere"),
        leftovers,
        sight.troubles(),
        unrest);
  }
}
