package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A migration whose guest changes faster than its bandwidth")
class SteeredMigrationSystemTest {
  private static final long MIB = 1 << 20;

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  @Tag("S81")
  @Tag("S121")
  @Tag("S161")
  void keeps_within_what_it_is_given_and_is_taken_back_at_its_deadline() throws Exception {
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), false, Map.of());
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server = TestServer.boot(stage, api);
      String home = server.host();
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        String path =
            "/v1/migrations/"
                + api.post(
                        "/v1/migrations",
                        Map.of(
                            "migration",
                            Map.of(
                                "server",
                                server.id(),
                                "policy",
                                Map.of(
                                    "max_bandwidth",
                                    2 * MIB,
                                    "deadline_seconds",
                                    60,
                                    "at_deadline",
                                    "abort",
                                    "auto_converge",
                                    false))))
                    .path("migration")
                    .path("uuid")
                    .asString();
        patience.untilTrue(
            "memory moves",
            Duration.ofSeconds(60),
            () -> Optional.of(figures(api, path).path("memory_processed_bytes").asLong() > MIB));
        assertRate(api, path, 2 * MIB);

        assertThat(server.patch(path, "{\"policy\": {\"max_bandwidth\": %d}}".formatted(3 * MIB)))
            .isEqualTo(202);
        Pause.SLEEPING.of(Duration.ofSeconds(4));
        assertRate(api, path, 3 * MIB);

        assertThat(server.awaitMigrationEnd()).isEqualTo("failed");
        server.awaitStatus("ACTIVE");
        assertThat(server.host()).isEqualTo(home);
        assertThat(figures(api, path).path("failure").path("message").asString())
            .contains("deadline of");
        assertThat(server.patch(path, "{\"policy\": {\"max_bandwidth\": null}}")).isEqualTo(409);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
      }
      assertThat(watch.sight().bootIds()).isEqualTo(1);
      assertThat(watch.sight().troubles()).isEmpty();
      server.delete();
    }
  }

  private static JsonNode figures(ComputeClient api, String path)
      throws IOException, InterruptedException {
    return api.get(path).path("migration");
  }

  private static long moved(ComputeClient api, String path)
      throws IOException, InterruptedException {
    JsonNode now = figures(api, path);
    return now.path("memory_processed_bytes").asLong() + now.path("disk_processed_bytes").asLong();
  }

  /** Over ten seconds; a busy machine may make it slower, never faster. */
  private static void assertRate(ComputeClient api, String path, long bytesPerSecond)
      throws Exception {
    long at = System.nanoTime();
    long from = moved(api, path);
    Pause.SLEEPING.of(Duration.ofSeconds(10));
    double rate = (moved(api, path) - from) * 1e9 / (System.nanoTime() - at);
    assertThat(rate).isBetween(bytesPerSecond * 0.75, bytesPerSecond * 1.1);
  }
}
