package dev.tern.standalone.chaos;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.DemoPlace;
import dev.tern.standalone.demo.Patience;
import dev.tern.standalone.demo.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * A server with the test guest, seen through the public API. An API that does not answer is asked
 * again until a deadline: in chaos that is expected.
 */
final class MovingServer {
  private static final Duration SOON = Duration.ofSeconds(90);
  private static final Duration MOVE = Duration.ofMinutes(3);
  private static final List<String> TERMINAL = List.of("completed", "error", "failed", "cancelled");
  private static final List<String> DIED =
      List.of("header parser received no bytes", "Connection reset", "EOF", "closed");
  private static final int CONFLICT = 409;
  private static final int ROOM_GIB = 2;
  private static final String COMMAND_LINE =
      "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check cryptomgr.notests audit=0 rcupdate.rcu_expedited=1"
          + " tern.beat=10 tern.write=100,4096,0 tern.mem=16,8";

  private final DemoPlace place;
  private final ComputeClient api;
  private final Patience patience = new Patience(Pause.SLEEPING);
  private final String id;

  private MovingServer(DemoPlace place, ComputeClient api, String id) {
    this.place = place;
    this.api = api;
    this.id = id;
  }

  /** Uploads what servers are made from; answers the image. */
  static String upload(DemoPlace place, ComputeClient api)
      throws IOException, InterruptedException {
    Path guest = place.guest();
    Path base = place.work().resolve("base.qcow2");
    Files.deleteIfExists(base);
    TestImages.base(base, 256L << 20, 4 << 20, 7);
    String kernel = api.upload("kernel", "aki", Map.of(), guest.resolve("vmlinux"));
    String ramdisk = api.upload("ramdisk", "ari", Map.of(), guest.resolve("initrd.gz"));
    return api.upload(
        "guest",
        "qcow2",
        Map.of("kernel_id", kernel, "ramdisk_id", ramdisk, "os_command_line", COMMAND_LINE),
        base);
  }

  static MovingServer boot(DemoPlace place, ComputeClient api, String image)
      throws IOException, InterruptedException {
    String id =
        api.post(
                "/v2.1/servers",
                Map.of(
                    "server",
                    Map.of(
                        "name", "chaos", "imageRef", image, "flavorRef", "t", "networks", "none")))
            .path("server")
            .path("id")
            .asString();
    MovingServer made = new MovingServer(place, api, id);
    String status = made.awaitSettled();
    if (!status.equals("ACTIVE")) {
      throw new IOException("server " + id + " is " + status + ": " + made.show().path("fault"));
    }
    return made;
  }

  String id() {
    return id;
  }

  Map<String, Path> consoles() {
    Map<String, Path> consoles = new LinkedHashMap<>();
    place
        .hostData()
        .forEach((host, data) -> consoles.put(host, instance(data).resolve("console.log")));
    return consoles;
  }

  private Path instance(Path hostData) {
    return hostData.resolve("instances").resolve(id);
  }

  /** Its root disk on that host. */
  Path disk(String host) {
    return instance(place.hostData().getOrDefault(host, place.work())).resolve("disk0.qcow2");
  }

  JsonNode show() throws IOException, InterruptedException {
    return api.get("/v2.1/servers/" + id).path("server");
  }

  String host() throws IOException, InterruptedException {
    return show().path("OS-EXT-SRV-ATTR:host").asString();
  }

  /** Its status, once nothing is under way any more. */
  String awaitSettled() throws IOException, InterruptedException {
    return patience.until(
        "nothing is under way for server " + id,
        SOON,
        () ->
            asked(() -> {
              JsonNode now = show();
              String status = now.path("status").asString();
              boolean settled =
                  now.path("OS-EXT-STS:task_state").isNull()
                      && List.of("ACTIVE", "ERROR", "SHUTOFF").contains(status);
              return settled ? Optional.of(status) : Optional.empty();
            }));
  }

  /** Its status, once it is no longer said to run. */
  String awaitEnd() throws IOException, InterruptedException {
    return patience.until(
        "server " + id + " is said to run no more",
        SOON,
        () ->
            asked(() ->
                Optional.of(show().path("status").asString())
                    .filter(List.of("ERROR", "SHUTOFF")::contains)));
  }

  /**
   * A migration that was asked for.
   *
   * @param key one for all its tries
   * @param answer what came at last
   * @param before the migrations there were
   */
  record Asked(Map<String, Object> request, String key, JsonNode answer, List<String> before) {
    String migration() {
      return answer.path("migration").path("uuid").asString();
    }
  }

  /** Asks for a migration until that is answered, always with one key. */
  Asked requestMigration(List<String> before) throws IOException, InterruptedException {
    String key = UUID.randomUUID().toString();
    Map<String, Object> request = Map.of("migration", Map.of("server", id));
    return new Asked(
        request,
        key,
        patience.until("a migration of " + id + " is accepted", SOON, () -> ask(request, key)),
        before);
  }

  /** However often it was asked for, there is one, and the answer is the same for good. */
  List<String> judgeRequest(Asked asked) throws IOException, InterruptedException {
    List<String> broken = new ArrayList<>();
    JsonNode again =
        patience.until(
            "the same request is answered", SOON, () -> ask(asked.request(), asked.key()));
    if (!again.equals(asked.answer())) {
      broken.add("one key was answered " + asked.answer() + ", and then " + again);
    }
    List<String> made = new ArrayList<>(migrations());
    made.removeAll(asked.before());
    if (!made.equals(List.of(asked.migration()))) {
      broken.add("one request made the migrations " + made);
    }
    return broken;
  }

  private Optional<JsonNode> ask(Map<String, Object> request, String key)
      throws IOException, InterruptedException {
    try {
      return asked(() -> Optional.of(api.post("/v1/migrations", request, key)));
    } catch (ComputeClient.Refused e) {
      if (e.status() == CONFLICT && String.valueOf(e.getMessage()).contains("Idempotency-Key")) {
        return Optional.empty(); // who has it may be dead: it is held for a while
      }
      throw e;
    }
  }

  /**
   * Until each host has told that there is room on its disk, which one that was full tells late.
   */
  void awaitRoom() throws IOException, InterruptedException {
    patience.untilTrue(
        "every host tells that there is room on its disk",
        SOON,
        () ->
            asked(() -> {
              boolean room = true;
              for (JsonNode host : api.get("/v2.1/os-hypervisors/detail").path("hypervisors")) {
                room &= host.path("free_disk_gb").asInt() >= ROOM_GIB;
              }
              return Optional.of(room);
            }));
  }

  /** Every migration it ever had. */
  List<String> migrations() throws IOException, InterruptedException {
    List<String> all = new ArrayList<>();
    for (JsonNode one : api.get("/v2.1/os-migrations?instance_uuid=" + id).path("migrations")) {
      all.add(one.path("uuid").asString());
    }
    return all;
  }

  /** What a migration made and did not remove, as Tern itself says. */
  List<String> open(String migration) throws IOException, InterruptedException {
    JsonNode receipt = api.get("/v1/migrations/" + migration + "/receipt").path("receipt");
    List<String> open = new ArrayList<>();
    for (JsonNode thing : receipt.path("objects")) {
      if (thing.path("state").asString().equals("open")) {
        open.add(
            "%s: %s %s"
                .formatted(
                    thing.path("host").asString(),
                    thing.path("kind").asString(),
                    thing.path("name").asString()));
      }
    }
    if (open.isEmpty() && !receipt.path("settled").asBoolean(false)) {
      open.add("unsettled: " + receipt.path("hosts"));
    }
    return open;
  }

  /** The newest migration, as Tern's own API tells it; empty while the API does not answer. */
  Optional<JsonNode> migration() throws IOException, InterruptedException {
    return asked(() -> {
      JsonNode newest =
          api.get("/v2.1/os-migrations?instance_uuid=" + id).path("migrations").path(0);
      return newest.isMissingNode() ? Optional.empty() : Optional.of(newest);
    });
  }

  boolean migrationHasEnded() throws IOException, InterruptedException {
    return migration().filter(m -> TERMINAL.contains(m.path("status").asString())).isPresent();
  }

  /** The newest migration's last status. */
  String awaitMigrationEnd() throws IOException, InterruptedException {
    return patience.until(
        "the migration of " + id + " ends",
        MOVE,
        () -> migration().map(m -> m.path("status").asString()).filter(TERMINAL::contains));
  }

  void stop() throws IOException, InterruptedException {
    api.post("/v2.1/servers/" + id + "/action", Collections.singletonMap("os-stop", null));
    String status = awaitSettled();
    if (!status.equals("SHUTOFF")) {
      throw new IOException("server " + id + " was stopped and is " + status);
    }
  }

  void delete() throws IOException, InterruptedException {
    api.delete("/v2.1/servers/" + id);
    patience.untilTrue(
        "server " + id + " is gone",
        SOON,
        () -> asked(() -> Optional.of(api.find("/v2.1/servers/" + id).isEmpty())));
  }

  /** Empty when the API is not there, or says that what it needs is not. */
  static <T> Optional<T> asked(Patience.Look<T> look) throws IOException, InterruptedException {
    try {
      return look.look();
    } catch (ComputeClient.Refused e) {
      if (e.status() < 500) {
        throw e;
      }
      return Optional.empty();
    } catch (java.net.ConnectException | java.net.http.HttpTimeoutException e) {
      return Optional.empty();
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      if (DIED.stream().anyMatch(why::contains)) {
        return Optional.empty(); // killed while it answered
      }
      throw e;
    }
  }
}
