package dev.tern.system;

import static dev.tern.system.ServerDisk.await;
import static dev.tern.system.ServerDisk.chain;
import static dev.tern.system.ServerDisk.copy;
import static dev.tern.system.ServerDisk.disk;
import static dev.tern.system.ServerDisk.sha256;
import static dev.tern.system.ServerDisk.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.virt.StreamKey;
import dev.tern.virt.qemu.NbdVolume;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A server whose disk is copied, frozen and made an image while its guest writes")
class BlockCopySystemTest {
  /**
   * The writer's own search of its disk, when it starts: one more than the highest number found.
   */
  private static final Pattern NEXT = Pattern.compile("R disk first \\d+ count \\d+ next (\\d+)");

  @TempDir Path folder;

  @Test
  @Tag("S44")
  @Tag("S50")
  @Tag("S51")
  @Tag("S54")
  @Tag("S56")
  @Tag("S58")
  @Tag("S60")
  @Tag("S61")
  @Tag("S4")
  @Tag("S3")
  @Tag("S30")
  @Tag("S31")
  @Tag("S5")
  @Tag("S59")
  @Tag("S14")
  @Tag("S67")
  @Tag("S95")
  @Tag("S98")
  void loses_no_write_whoever_is_killed_and_goes_on_from_the_copy() throws Exception {
    int port = freePort();
    Map<String, String> properties =
        Map.of(
            "tern.agent.copy-targets",
            "127.0.0.1:" + port,
            "tern.agent.outage",
            "1s",
            "tern.agent.storages.fast",
            Files.createDirectory(folder.resolve("fast")).toString());
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), true, properties);
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server = TestServer.boot(stage, api);
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitWrites(watch, 50);
        pivotWithEverybodyKilled(stage, api, server);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        ForgottenClient.asks(stage, server);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        copyAway(stage, api, server, port);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        freezeTwice(api, server);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        bootFrom(stage, api, server, createImage(api, server), port);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        assertThat(watch.sight().bootIds()).isEqualTo(1);
        assertThat(watch.sight().beatsBackwards()).isZero();
      }
      ResumedCopy resumed = ResumedCopy.make(stage, api, server);
      stopAndStart(stage, api, server, watch, port, resumed);
      assertThat(watch.sight().troubles()).isEmpty();
      server.delete();
    }
  }

  private void pivotWithEverybodyKilled(DemoStage stage, ComputeClient api, TestServer server)
      throws Exception {
    String old = disk(api, server).path("file").asString();
    String one = copy(api, server, Map.of("mode", "full", "then", "wait", "bandwidth", 4 << 20));
    await("the copy moves bytes", () -> status(api, one, "copied_bytes").asLong() > 0);
    assertThat(api.find("/v2.1/servers/" + server.id()).orElseThrow().toString())
        .contains("copying-disk");
    String agent = "agent-" + server.host();
    for (String victim : List.of("conductor", agent)) {
      kill(stage.pid(victim));
    }
    for (String victim : List.of("conductor", agent)) {
      stage.restart(victim);
    }
    await("the copy is ready", () -> status(api, one, "ready").asBoolean());
    api.post(one + "/pivot", Map.of());
    await("the disk is the copy", () -> status(api, one, "status").asString().equals("pivoted"));
    server.awaitStatus("ACTIVE");
    assertThat(disk(api, server).path("file").asString()).isNotEqualTo(old);
    assertThat(Path.of(old)).isRegularFile();
    assertThat(chain(api, server)).hasSize(1);
  }

  private static void kill(long pid) throws Exception {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    process.destroyForcibly();
    process.onExit().get(10, TimeUnit.SECONDS);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /** To an NBD server that dies once; and once the agent dies, which the copy does not mind. */
  private void copyAway(DemoStage stage, ComputeClient api, TestServer server, int port)
      throws Exception {
    String here = disk(api, server).path("file").asString();
    Path file = Files.write(folder.resolve("backup"), new byte[0]);
    long bytes = disk(api, server).path("virtual_bytes").asLong();
    assertThatThrownBy(() -> copy(api, server, Map.of("target", "nbd://127.0.0.1:9/backup")))
        .hasMessageContaining("400")
        .hasMessageContaining("tern.agent.copy-targets");
    Map<String, Object> slowly =
        Map.of(
            "target",
            "nbd://127.0.0.1:%d/backup".formatted(port),
            "then",
            "wait",
            "bandwidth",
            4 << 20);
    Files.delete(file);
    NbdVolume backup = NbdVolume.serve(file, bytes, port, "backup");
    String cut = copy(api, server, slowly);
    await("the copy moves bytes", () -> status(api, cut, "copied_bytes").asLong() > 0);
    backup.die();
    await(
        "the copy has failed",
        () -> api.get(cut).path("copy").path("status").asString().equals("failed"));
    assertThat(api.get(cut).path("copy").path("failure").path("message").asString())
        .contains("nbd://127.0.0.1:%d/backup".formatted(port));
    server.awaitStatus("ACTIVE");

    backup = NbdVolume.serve(file, bytes, port, "backup");
    String one = copy(api, server, slowly);
    await("the copy moves bytes", () -> status(api, one, "copied_bytes").asLong() > 0);
    kill(stage.pid("agent-" + server.host()));
    stage.restart("agent-" + server.host());
    assertThat(server.patch(one, "{\"bandwidth\":null}")).isEqualTo(200);
    await("the copy is ready", () -> status(api, one, "ready").asBoolean());
    assertThatThrownBy(() -> api.post(one + "/pivot", Map.of())).hasMessageContaining("400");
    assertThat(backup.connections()).isEqualTo(1);
    api.post(one + "/finish", Map.of());
    await("the copy is done", () -> status(api, one, "status").asString().equals("finished"));
    server.awaitStatus("ACTIVE");
    assertThat(backup.connections()).isZero();
    assertThat(disk(api, server).path("file").asString()).isEqualTo(here);
    backup.end();
  }

  /** Of a disk that nobody writes to, so that it can be compared. */
  private void copyAwayStopped(ComputeClient api, TestServer server, int port, String digest)
      throws Exception {
    Path file = folder.resolve("backup");
    NbdVolume backup = NbdVolume.serve(file, 0, port, "backup");
    String one =
        copy(api, server, Map.of("target", "nbd:127.0.0.1:%d:exportname=backup".formatted(port)));
    await("the copy is done", () -> status(api, one, "status").asString().equals("finished"));
    backup.end();
    assertThat(sha256(file)).isEqualTo(digest);
  }

  /** By the command, with its key from the disk's own place, with one's own from a storage. */
  private void export(ComputeClient api, TestServer server, int port, String digest)
      throws Exception {
    Path copy = folder.resolve("exported");
    Path here = Path.of(disk(api, server).path("file").asString());
    try (ExportCommand export = ExportCommand.start(here, port)) {
      export.assertPrivate();
      export.read(copy);
      assertThat(sha256(copy)).isEqualTo(digest);
      export.terminate();
    }
    String one = copy(api, server, Map.of("storage", "fast", "delete_old", true));
    await("the disk is elsewhere", () -> status(api, one, "status").asString().equals("pivoted"));
    server.awaitStatus("SHUTOFF");
    assertThat(here).doesNotExist();
    Path there = Path.of(disk(api, server).path("file").asString());
    assertThat(there.toRealPath()).startsWith(folder.resolve("fast").toRealPath());
    Path mine = key("mine", "a1");
    try (ExportCommand export = ExportCommand.start(there, port, "--key=" + mine)) {
      assertThat(export.readBy(key("another", "b2"), copy)).isNotZero();
      assertThat(export.readBy(mine, copy)).isZero();
      assertThat(sha256(copy)).isEqualTo(digest);
      export.kill();
    }
    assertThat(mine).isRegularFile();
  }

  private Path key(String name, String octet) throws IOException {
    Path key = Files.createDirectory(folder.resolve(name)).resolve("keys.psk");
    Files.writeString(key, "me:" + octet.repeat(StreamKey.SECRET_BYTES) + "\n");
    return Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
  }

  private void freezeTwice(ComputeClient api, TestServer server) throws Exception {
    for (int layers = 2; layers <= 3; layers++) {
      api.post("/v1/servers/" + server.id() + "/disks/disk0/snapshot", Map.of());
      server.awaitStatus("ACTIVE");
      assertThat(chain(api, server)).hasSize(layers);
    }
    for (JsonNode layer : chain(api, server).subList(1, 3)) {
      assertThat(layer.path("file").asString()).endsWith(layer.path("sha256").asString());
    }
  }

  private String createImage(ComputeClient api, TestServer server) throws Exception {
    String image =
        api.post(
                "/v2.1/servers/" + server.id() + "/action",
                Map.of("createImage", Map.of("name", "snap")))
            .path("image_id")
            .asString();
    Set<String> tasks = new TreeSet<>();
    await(
        "the image is active",
        () -> {
          tasks.add(server.show().path("OS-EXT-STS:task_state").asString("none"));
          return api.get("/image/v2/images/" + image).path("status").asString().equals("active");
        });
    server.awaitStatus("ACTIVE");
    tasks.remove("none");
    assertThat(tasks)
        .isNotEmpty()
        .isSubsetOf("image_snapshot", "image_pending_upload", "image_uploading");
    JsonNode shown = api.get("/image/v2/images/" + image);
    assertThat(shown.path("image_type").asString()).isEqualTo("snapshot");
    assertThat(shown.path("instance_uuid").asString()).isEqualTo(server.id());
    return image;
  }

  private void bootFrom(
      DemoStage stage, ComputeClient api, TestServer server, String image, int port)
      throws Exception {
    String twin =
        api.post(
                "/v2.1/servers",
                Map.of(
                    "server",
                    Map.of(
                        "name", "twin", "imageRef", image, "flavorRef", "t", "networks", "none")))
            .path("server")
            .path("id")
            .asString();
    await(
        "the twin's guest has found the first one's writes",
        () -> stage.place().hostData().values().stream().anyMatch(data -> next(data, twin) > 50));
    areKeptApart(api, server, twin, port);
    api.delete("/v2.1/servers/" + twin);
    await("the twin is gone", () -> api.find("/v2.1/servers/" + twin).isEmpty());
  }

  /** Two copies to one export, of two servers' disks. */
  private void areKeptApart(ComputeClient api, TestServer server, String twin, int port)
      throws Exception {
    NbdVolume backup = NbdVolume.serve(folder.resolve("backup"), 0, port, "backup");
    String uri = "nbd://127.0.0.1:%d/backup".formatted(port);
    String one = copy(api, server, Map.of("target", uri, "then", "wait", "bandwidth", 1 << 20));
    String others = "/v1/servers/" + twin + "/disks/disk0/copy";
    assertThatThrownBy(() -> api.post(others, Map.of("target", uri)))
        .hasMessageContaining("409")
        .hasMessageContaining(uri)
        .hasMessageContaining("another copy");
    assertThat(api.get(others).path("copies").size()).isZero();
    assertThat(backup.connections()).isLessThanOrEqualTo(1);
    api.post(one + "/cancel", Map.of());
    await("the copy is given up", () -> status(api, one, "status").asString().equals("cancelled"));
    server.awaitStatus("ACTIVE");
    backup.end();
  }

  private void stopAndStart(
      DemoStage stage,
      ComputeClient api,
      TestServer server,
      GuestWatch watch,
      int port,
      ResumedCopy resumed)
      throws Exception {
    Path data = java.util.Objects.requireNonNull(stage.place().hostData().get(server.host()));
    api.post("/v2.1/servers/" + server.id() + "/action", Map.of("os-stop", Map.of()));
    server.awaitStatus("SHUTOFF");
    String digest = "/v1/servers/" + server.id() + "/disks/disk0/digest";
    // Asking after the answer begins a new reading.
    List<String> read = new ArrayList<>();
    await(
        "the host has read the disk",
        () -> {
          read.add(digest(api, digest));
          return !read.getLast().isEmpty();
        });
    copyAwayStopped(api, server, port, read.getLast());
    resumed.assertIsWhatTheDiskWas(folder.resolve("backup"));
    server.awaitStatus("SHUTOFF");
    export(api, server, port, read.getLast());
    long acknowledged =
        watch.acknowledged().values().stream().mapToLong(Long::longValue).max().orElseThrow();
    api.post("/v2.1/servers/" + server.id() + "/action", Map.of("os-start", Map.of()));
    server.awaitStatus("ACTIVE");
    await("the guest finds its last write", () -> next(data, server.id()) > acknowledged);
  }

  /** Empty while the host is still reading. */
  private static String digest(ComputeClient api, String path)
      throws IOException, InterruptedException {
    return api.get(path).path("digest").path("digest").asString("");
  }

  /** The number the guest went on with when it booted last; 0 while it has not. */
  private static long next(Path data, String server) {
    Path console = data.resolve("instances").resolve(server).resolve("console.log");
    try {
      Matcher lines =
          NEXT.matcher(
              Files.exists(console) ? Files.readString(console, StandardCharsets.ISO_8859_1) : "");
      long next = 0;
      while (lines.find()) {
        next = Long.parseLong(lines.group(1));
      }
      return next;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
