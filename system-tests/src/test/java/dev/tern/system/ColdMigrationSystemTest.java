package dev.tern.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A server that is migrated cold")
class ColdMigrationSystemTest {
  private static final Pattern READY = Pattern.compile("R ready boot \\w+ blocks (\\d+)");

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  @Tag("S25")
  @Tag("S124")
  void is_larger_when_resized_goes_back_when_reverted_and_stays_when_confirmed_with_all_it_wrote()
      throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            2,
            0,
            Optional.empty(),
            Optional.empty(),
            false,
            Map.of("tern.conductor.server.stop-grace", "2s"));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server = TestServer.boot(stage, api);
      String home = server.host();
      String away = home.equals("host-1") ? "host-2" : "host-1";
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitWrites(watch, 20);
        seesBlocks(server, home, 1);
        resize(api, server);
        server.awaitStatus("VERIFY_RESIZE");
        assertThat(server.host()).isEqualTo(away);
        assertThat(flavor(api, server)).isEqualTo("larger 2 256 2");
        assertThat(instance(stage, home, server)).exists();
        assertThat(audited(api)).isEmpty();
        server.awaitBoots(watch, 2);
        seesBlocks(server, away, 2);

        act(api, server, "revertResize");
        server.awaitStatus("ACTIVE");
        assertThat(server.host()).isEqualTo(home);
        assertThat(instance(stage, away, server)).doesNotExist();
        server.awaitBoots(watch, 3);
        seesBlocks(server, home, 1);
        assertThat(flavor(api, server)).isEqualTo("tern.tiny 1 128 1");
        assertThat(watch.sight().troubles()).isEmpty();
      }

      server.stop();
      String digest = digest(api, server);
      act(api, server, "migrate");
      server.awaitStatus("VERIFY_RESIZE");
      act(api, server, "confirmResize");
      server.awaitStatus("SHUTOFF");
      assertThat(server.host()).isEqualTo(away);
      assertThat(instance(stage, home, server)).doesNotExist();
      assertThat(digest(api, server)).as("what it wrote at home is here").isEqualTo(digest);
      assertThat(audited(api)).isEmpty();
      assertThat(
              api.get("/v2.1/os-migrations?instance_uuid=" + server.id())
                  .path("migrations")
                  .valueStream()
                  .map(each ->
                      each.path("migration_type").asString()
                          + " "
                          + each.path("status").asString()))
          .containsExactly("migration confirmed", "resize reverted");
      server.start();
      server.delete();
      assertThat(ThereAndBackSystemTest.left(stage)).isEmpty();
    }
  }

  private static void act(ComputeClient api, TestServer server, String action)
      throws IOException, InterruptedException {
    var _ =
        api.post(
            "/v2.1/servers/" + server.id() + "/action", Collections.singletonMap(action, null));
  }

  private static void resize(ComputeClient api, TestServer server)
      throws IOException, InterruptedException {
    String larger =
        api.post(
                "/v2.1/flavors",
                Map.of("flavor", Map.of("name", "larger", "vcpus", 2, "ram", 256, "disk", 2)))
            .path("flavor")
            .path("id")
            .asString();
    var _ =
        api.post(
            "/v2.1/servers/" + server.id() + "/action",
            Map.of("resize", Map.of("flavorRef", larger)));
  }

  private static String flavor(ComputeClient api, TestServer server)
      throws IOException, InterruptedException {
    JsonNode flavor =
        api.at("compute 2.80").get("/v2.1/servers/" + server.id()).path("server").path("flavor");
    return "%s %s %s %s"
        .formatted(
            flavor.path("original_name").asString(),
            flavor.path("vcpus"),
            flavor.path("ram"),
            flavor.path("disk"));
  }

  /** What the guest said of its disk when it last began. */
  private void seesBlocks(TestServer server, String host, long gib)
      throws IOException, InterruptedException {
    Path console = Objects.requireNonNull(server.consoles().get(host));
    long blocks =
        patience.until(
            "the size of the disk that the guest sees",
            Duration.ofMinutes(1),
            () ->
                READY
                    .matcher(Files.readString(console, ISO_8859_1))
                    .results()
                    .reduce((_, last) -> last)
                    .map(ready -> Long.parseLong(ready.group(1)))
                    .filter(seen -> seen == gib << 18));
    assertThat(blocks << 12).isEqualTo(gib << 30);
  }

  private static Path instance(DemoStage stage, String host, TestServer server) {
    return Objects.requireNonNull(stage.place().hostData().get(host))
        .resolve("instances")
        .resolve(server.id());
  }

  private static JsonNode audited(ComputeClient api) throws IOException, InterruptedException {
    return api.get("/v1/audit").path("audit").path("differences");
  }

  private String digest(ComputeClient api, TestServer server)
      throws IOException, InterruptedException {
    return patience.until(
        "the digest of the disk",
        Duration.ofMinutes(1),
        () ->
            Optional.of(
                    api.get("/v1/servers/%s/disks/disk0/digest".formatted(server.id()))
                        .path("digest")
                        .path("digest"))
                .filter(JsonNode::isString)
                .map(JsonNode::asString));
  }
}
