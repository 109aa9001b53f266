package dev.tern.system;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.DemoPlace;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.Patience;
import dev.tern.standalone.demo.TestImages;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A server with the test guest in it, driven through the public API as a client would. */
final class TestServer {
  private static final Duration BOOT = Duration.ofSeconds(90);
  private static final Duration MOVE = Duration.ofMinutes(2);
  private static final String COMMAND_LINE =
      "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check cryptomgr.notests audit=0 rcupdate.rcu_expedited=1"
          + " tern.beat=10 tern.write=100,4096,0 tern.mem=16,8";

  private final DemoPlace place;
  private final ComputeClient api;
  private final String id;
  private final Patience patience = new Patience(Pause.SLEEPING);

  private TestServer(DemoPlace place, ComputeClient api, String id) {
    this.place = place;
    this.api = api;
    this.id = id;
  }

  /** What a server of the test guest is made from. */
  record Images(String disk, String kernel, String ramdisk) {
    List<String> all() {
      return List.of(disk, kernel, ramdisk);
    }
  }

  /** Uploads the images, makes the server, and waits until it is ACTIVE. */
  static TestServer boot(DemoStage stage, ComputeClient api)
      throws IOException, InterruptedException {
    return boot(stage.place(), api);
  }

  /** The same in any cloud. */
  static TestServer boot(DemoPlace place, ComputeClient api)
      throws IOException, InterruptedException {
    return boot(place, api, upload(place, api, Map.of()), Optional.empty(), Map.of());
  }

  /** The test guest's images; the disk has 4 MiB of data at its end. */
  static Images upload(DemoStage stage, ComputeClient api)
      throws IOException, InterruptedException {
    return upload(stage, api, Map.of());
  }

  /** Likewise, the disk's image with more properties. */
  static Images upload(DemoStage stage, ComputeClient api, Map<String, String> more)
      throws IOException, InterruptedException {
    return upload(stage.place(), api, more);
  }

  private static Images upload(DemoPlace place, ComputeClient api, Map<String, String> more)
      throws IOException, InterruptedException {
    Path guest = place.guest();
    Path base = place.work().resolve("base.qcow2");
    TestImages.base(base, 256L << 20, 4 << 20, 7);
    String kernel = api.upload("kernel", "aki", Map.of(), guest.resolve("vmlinux"));
    String ramdisk = api.upload("ramdisk", "ari", Map.of(), guest.resolve("initrd.gz"));
    Map<String, String> properties = new HashMap<>(more);
    properties.put("kernel_id", kernel);
    properties.put("ramdisk_id", ramdisk);
    properties.put("os_command_line", COMMAND_LINE);
    String disk = api.upload("guest", "qcow2", properties, base);
    return new Images(disk, kernel, ramdisk);
  }

  /** Makes a server on a host, or on any, and waits until it is ACTIVE. */
  static TestServer boot(DemoStage stage, ComputeClient api, Images images, Optional<String> host)
      throws IOException, InterruptedException {
    return boot(stage, api, images, host, Map.of());
  }

  /** As above, with more fields of the request. */
  static TestServer boot(
      DemoStage stage,
      ComputeClient api,
      Images images,
      Optional<String> host,
      Map<String, Object> more)
      throws IOException, InterruptedException {
    return boot(stage.place(), api, images, host, more);
  }

  private static TestServer boot(
      DemoPlace place,
      ComputeClient api,
      Images images,
      Optional<String> host,
      Map<String, Object> more)
      throws IOException, InterruptedException {
    Map<String, Object> server =
        new HashMap<>(
            Map.of(
                "name", "mover", "imageRef", images.disk(), "flavorRef", "t", "networks", "none"));
    server.putAll(more);
    host.ifPresent(name -> server.put("availability_zone", "nova:" + name));
    // "none" is of 2.37, which whoever tests an older version does not have.
    String id =
        api.at("compute 2.80")
            .post("/v2.1/servers", Map.of("server", server))
            .path("server")
            .path("id")
            .asString();
    TestServer made = new TestServer(place, api, id);
    made.awaitStatus("ACTIVE");
    return made;
  }

  String id() {
    return id;
  }

  Map<String, Path> consoles() {
    Map<String, Path> consoles = new LinkedHashMap<>();
    place
        .hostData()
        .forEach((host, data) ->
            consoles.put(host, data.resolve("instances").resolve(id).resolve("console.log")));
    return consoles;
  }

  JsonNode show() throws IOException, InterruptedException {
    return api.get("/v2.1/servers/" + id).path("server");
  }

  String host() throws IOException, InterruptedException {
    return show().path("OS-EXT-SRV-ATTR:host").asString();
  }

  void awaitStatus(String status) throws IOException, InterruptedException {
    patience.untilTrue(
        "server " + id + " becomes " + status,
        BOOT,
        () -> {
          JsonNode now = show();
          if (now.path("status").asString().equals("ERROR") && !status.equals("ERROR")) {
            throw new IOException("in ERROR: " + now.path("fault"));
          }
          return Optional.of(
              now.path("status").asString().equals(status)
                  && now.path("OS-EXT-STS:task_state").isNull());
        });
  }

  void awaitWrites(GuestWatch watch, long count) throws IOException, InterruptedException {
    patience.untilTrue(
        count + " acknowledged writes",
        BOOT,
        () -> Optional.of(watch.sight().acknowledgements() >= count));
  }

  /** Until the console shows so many different boots. */
  void awaitBoots(GuestWatch watch, int boots) throws IOException, InterruptedException {
    patience.untilTrue(boots + " boots", BOOT, () -> Optional.of(watch.sight().bootIds() >= boots));
  }

  /** Asks for a live migration to wherever it may go. */
  void requestMigration() throws IOException, InterruptedException {
    Map<String, Object> request = new HashMap<>();
    request.put("host", null);
    request.put("block_migration", "auto");
    api.post("/v2.1/servers/" + id + "/action", Map.of("os-migrateLive", request));
  }

  /** The newest migration of this server, as operators see it. */
  JsonNode lastMigration() throws IOException, InterruptedException {
    JsonNode newest = api.get("/v2.1/os-migrations?instance_uuid=" + id).path("migrations").path(0);
    return newest;
  }

  /** Waits until the newest migration has ended, and answers its status. */
  String awaitMigrationEnd() throws IOException, InterruptedException {
    return patience.until(
        "the migration of " + id + " ends",
        MOVE,
        () ->
            Optional.of(lastMigration().path("status").asString())
                .filter(status ->
                    List.of("completed", "error", "failed", "cancelled").contains(status)));
  }

  void migrate() throws IOException, InterruptedException {
    requestMigration();
    String status = awaitMigrationEnd();
    if (!status.equals("completed")) {
      throw new IOException("the migration ended as " + status + ": " + lastMigration());
    }
    awaitStatus("ACTIVE");
  }

  void stop() throws IOException, InterruptedException {
    api.post("/v2.1/servers/" + id + "/action", Collections.singletonMap("os-stop", null));
    awaitStatus("SHUTOFF");
  }

  void start() throws IOException, InterruptedException {
    api.post("/v2.1/servers/" + id + "/action", Collections.singletonMap("os-start", null));
    awaitStatus("ACTIVE");
  }

  /** The status of the answer. */
  int patch(String path, String body) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(place.api().resolve(path))
                  .header("Content-Type", "application/json")
                  .header("X-Auth-Token", "admin:admin")
                  .method("PATCH", HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  /** What its console said, as a user asks for it. */
  String console() throws IOException, InterruptedException {
    return api.post("/v2.1/servers/" + id + "/action", Map.of("os-getConsoleOutput", Map.of()))
        .path("output")
        .asString();
  }

  void delete() throws IOException, InterruptedException {
    api.delete("/v2.1/servers/" + id);
    patience.untilTrue(
        "server " + id + " is gone",
        BOOT,
        () -> Optional.of(api.find("/v2.1/servers/" + id).isEmpty()));
  }
}
