package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.Patience;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A host that is emptied")
class DrainSystemTest {
  private static final Duration SOON = Duration.ofMinutes(3);

  @TempDir Path folder;

  @Test
  @Tag("S138")
  @Tag("S141")
  void has_its_guests_elsewhere_and_gets_them_back() throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            3,
            0,
            Optional.empty(),
            Optional.empty(),
            false,
            Map.of(
                "tern.conductor.migration.keep-source-disks",
                "false",
                "tern.conductor.migration.at-once-per-source",
                "1",
                "tern.drain.every",
                "200ms"));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer.Images images = TestServer.upload(stage, api);
      TestServer first = TestServer.boot(stage, api, images, Optional.of("host-1"));
      TestServer second = TestServer.boot(stage, api, images, Optional.of("host-1"));
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(first.consoles(), watch, Pause.SLEEPING)) {
        first.awaitWrites(watch, 20);
        Map<String, Object> limits = Map.of("out", 1, "bandwidth", 50_000_000);
        JsonNode asked =
            api.post("/v1/drains", Map.of("host", "host-1", "limits", limits)).path("drain");
        assertThat(asked.path("plan").path("moves").size()).as("%s", asked).isEqualTo(2);
        assertThatThrownBy(() -> TestServer.boot(stage, api, images, Optional.of("host-1")))
            .hasMessageContaining("is emptying it");
        JsonNode drained = ended(api, asked.path("id").asString(), "drained");
        assertThat(drained.path("report").path("moved").asInt()).as("%s", drained).isEqualTo(2);
        assertThat(drained.path("report").path("longest_pause_millis").asInt()).isPositive();
        for (TestServer server : List.of(first, second)) {
          assertThat(server.host()).isIn("host-2", "host-3");
        }
        first.awaitWrites(watch, watch.sight().acknowledgements() + 10);
        var _ = api.post("/v1/drains/" + asked.path("id").asString() + "/return", Map.of());
        var _ = ended(api, asked.path("id").asString(), "returned");
        for (TestServer server : List.of(first, second)) {
          assertThat(server.host()).isEqualTo("host-1");
        }
        first.awaitWrites(watch, watch.sight().acknowledgements() + 10);
        emptiedAsNovaDoes(stage, api, List.of(first, second));
        first.awaitWrites(watch, watch.sight().acknowledgements() + 10);
      }
      GuestWatch.Sight sight = watch.sight();
      assertThat(sight.bootIds()).isEqualTo(1);
      assertThat(sight.beatsBackwards()).isZero();
      assertThat(sight.badPages()).isZero();
      assertThat(sight.troubles()).isEmpty();
      first.delete();
      second.delete();
    }
  }

  /** The service is disabled, and each server is told to migrate, all at once. */
  private static void emptiedAsNovaDoes(
      DemoStage stage, ComputeClient api, List<TestServer> servers) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest disable =
          HttpRequest.newBuilder(stage.place().api().resolve("/v2.1/os-services/disable"))
              .header("Content-Type", "application/json")
              .header("X-Auth-Token", "admin:admin")
              .PUT(
                  HttpRequest.BodyPublishers.ofString(
                      "{\"host\": \"host-1\", \"binary\": \"nova-compute\"}"))
              .build();
      assertThat(client.send(disable, HttpResponse.BodyHandlers.discarding()).statusCode())
          .isEqualTo(200);
    }
    Map<String, Object> request = new HashMap<>();
    request.put("host", null);
    request.put("block_migration", "auto");
    for (TestServer server : servers) {
      api.post("/v2.1/servers/" + server.id() + "/action", Map.of("os-migrateLive", request));
    }
    Set<String> reasons = new HashSet<>();
    var _ =
        new Patience(Pause.SLEEPING)
            .until(
                "both have left host-1",
                SOON,
                () -> {
                  api.get("/v1/migrations?in_progress=true")
                      .path("migrations")
                      .forEach(each -> reasons.add(each.path("waiting").path("reason").asString()));
                  boolean left = true;
                  for (TestServer server : servers) {
                    left &= !server.host().equals("host-1");
                  }
                  return Optional.of(left).filter(now -> now);
                });
    assertThat(reasons).contains("As many migrations leave host-1 as may at once (1).");
  }

  private static JsonNode ended(ComputeClient api, String id, String state) throws Exception {
    return new Patience(Pause.SLEEPING)
        .until(
            "the drain is " + state,
            SOON,
            () ->
                Optional.of(api.get("/v1/drains/" + id).path("drain"))
                    .filter(drain -> drain.path("state").asString().equals(state)));
  }
}
