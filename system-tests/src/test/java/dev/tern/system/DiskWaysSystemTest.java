package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("Servers whose disks go the way that was asked for")
class DiskWaysSystemTest {
  /** What the image of a {@link TestServer} holds. */
  private static final long IMAGE_BYTES = 4 << 20;

  @TempDir Path folder;

  @Test
  @Tag("S50")
  @Tag("S74")
  @Tag("S75")
  @Tag("S128")
  @Tag("S145")
  @Tag("S148")
  void leave_the_files_and_send_the_bytes_that_were_planned() throws Exception {
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), false, Map.of());
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer first = TestServer.boot(stage, api);
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(first.consoles(), watch, Pause.SLEEPING)) {
        first.awaitWrites(watch, 50);
        refusesWhatCannotBe(api, first);

        // The other host has never seen the image: its bytes come from this host.
        String base = chain(api, first).path(1).path("sha256").asString();
        JsonNode chained = migrate(stage, api, first, "chain");
        assertThat(layer(chained).path("from").asString()).isEqualTo("source");
        assertThat(layer(chained).path("sha256").asString()).isEqualTo(base);
        assertThat(sent(chained, "base_bytes"))
            .isEqualTo(layer(chained).path("allocated_bytes").asLong())
            .isGreaterThan(IMAGE_BYTES);
        assertThat(bases(stage, first.host())).contains(base);
        assertThat(chain(api, first).size()).isEqualTo(2);

        // Both hosts have it now: a second server of the same image takes only its top along.
        TestServer second = TestServer.boot(stage, api);
        GuestWatch other = new GuestWatch();
        try (ConsoleTail _ = new ConsoleTail(second.consoles(), other, Pause.SLEEPING)) {
          second.awaitWrites(other, 50);
          JsonNode top = migrate(stage, api, second, "top");
          assertThat(layer(top).path("from").asString()).isEqualTo("destination");
          assertThat(sent(top, "base_bytes")).isZero();
          assertThat(chain(api, second).path(1).path("sha256").asString()).isEqualTo(base);
          second.awaitWrites(other, other.sight().acknowledgements() + 50);
        }
        assertThat(other.sight().troubles()).isEmpty();
        second.delete();

        JsonNode full = migrate(stage, api, first, "full");
        assertThat(layer(full).path("from").asString()).isEqualTo("not needed");
        assertThat(sent(full, "base_bytes")).isZero();
        assertThat(sent(full, "overlay_bytes")).isGreaterThan(IMAGE_BYTES);
        assertThat(chain(api, first).size()).as("one file on nothing").isEqualTo(1);
        first.awaitWrites(watch, watch.sight().acknowledgements() + 50);
      }
      assertThat(watch.sight().bootIds()).isEqualTo(1);
      assertThat(watch.sight().troubles()).isEmpty();
      first.delete();
    }
  }

  private static void refusesWhatCannotBe(ComputeClient api, TestServer server) throws Exception {
    for (Map<String, String> disks :
        List.of(Map.of("disk0", "top", "vdz", "full"), Map.<String, String>of())) {
      assertThatThrownBy(() -> request(api, server, disks))
          .isInstanceOfSatisfying(
              ComputeClient.Refused.class, refused -> assertThat(refused.status()).isEqualTo(400))
          .hasMessageContaining(disks.isEmpty() ? "disk0" : "vdz");
    }
    assertThat(api.get("/v1/migrations").path("migrations").size()).isZero();
    assertThat(server.show().path("status").asString()).isEqualTo("ACTIVE");
  }

  private static JsonNode request(ComputeClient api, TestServer server, Map<String, String> disks)
      throws IOException, InterruptedException {
    return api.post(
            "/v1/migrations", Map.of("migration", Map.of("server", server.id(), "disks", disks)))
        .path("migration");
  }

  /** The migration as it is shown when it has ended, its plan being what the host's files say. */
  private static JsonNode migrate(DemoStage stage, ComputeClient api, TestServer server, String way)
      throws Exception {
    String home = server.host();
    Path disk = Path.of(disk(api, server).path("file").asString());
    JsonNode before = info(disk);
    String id = request(api, server, Map.of("disk0", way)).path("uuid").asString();
    assertThat(server.awaitMigrationEnd()).isEqualTo("completed");
    server.awaitStatus("ACTIVE");
    assertThat(server.host()).isNotEqualTo(home);
    assertThat(disk).doesNotExist();

    JsonNode ended = api.get("/v1/migrations/" + id).path("migration");
    assertThat(ended.path("disks").path("disk0").asString()).isEqualTo(way);
    JsonNode planned = ended.path("plan").path("disks").path(0);
    assertThat(planned.path("name").asString()).isEqualTo("disk0");
    assertThat(planned.path("type").asString()).isEqualTo("local");
    assertThat(planned.path("copy").asString()).isEqualTo(way);
    assertThat(planned.path("format").asString()).isEqualTo(before.path("format").asString());
    assertThat(planned.path("virtual_size_bytes").asLong())
        .isEqualTo(before.path("virtual-size").asLong());
    assertThat(planned.path("allocated_bytes").asLong())
        .as("the guest goes on writing")
        .isGreaterThanOrEqualTo(before.path("actual-size").asLong());
    JsonNode layer = layer(ended);
    assertThat(planned.path("backing_file").asString())
        .isEqualTo("_base/" + layer.path("sha256").asString());
    Path file = data(stage, home).resolve(planned.path("backing_file").asString());
    assertThat(layer.path("allocated_bytes").asLong())
        .isEqualTo(info(file).path("actual-size").asLong());
    long moved = sent(ended, "base_bytes") + sent(ended, "overlay_bytes");
    assertThat(moved).isEqualTo(ended.path("disk_processed_bytes").asLong());
    assertThat(sent(ended, "overlay_bytes")).isPositive();
    assertThat(sent(ended, "memory_bytes")).isPositive();
    return ended;
  }

  private static JsonNode layer(JsonNode migration) {
    JsonNode layers = migration.path("plan").path("disks").path(0).path("layers");
    assertThat(layers.size()).isEqualTo(1);
    return layers.path(0);
  }

  private static long sent(JsonNode migration, String part) {
    return migration.path("moved").path(part).asLong();
  }

  private static JsonNode disk(ComputeClient api, TestServer server) throws Exception {
    return api.get("/v1/servers/" + server.id() + "/disks").path("disks").path(0);
  }

  private static JsonNode chain(ComputeClient api, TestServer server) throws Exception {
    return api.get("/v1/servers/" + server.id() + "/disks/disk0/chain")
        .path("chain")
        .path("layers");
  }

  private static Path data(DemoStage stage, String host) {
    return Objects.requireNonNull(stage.place().hostData().get(host));
  }

  private static List<String> bases(DemoStage stage, String host) throws Exception {
    try (var files = Files.list(data(stage, host).resolve("_base"))) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static JsonNode info(Path file) throws Exception {
    Process process =
        new ProcessBuilder("qemu-img", "info", "-U", "--output=json", file.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return new JsonMapper().readTree(said);
  }
}
