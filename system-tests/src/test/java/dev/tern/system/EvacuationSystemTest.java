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
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A server whose host dies")
class EvacuationSystemTest {
  private static final Duration SOON = Duration.ofSeconds(90);

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  void is_evacuated_once_its_host_is_fenced_and_never_runs_there_again() throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            2,
            0,
            Optional.empty(),
            Optional.empty(),
            true,
            Map.of("tern.conductor.sweep-every", "1s"));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server = TestServer.boot(stage, api);
      String home = server.host();
      String away = home.equals("host-1") ? "host-2" : "host-1";
      Path data = Objects.requireNonNull(stage.place().hostData().get(home));
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitWrites(watch, 50);
        assertRefused(api, server);

        DemoStage.end(ProcessHandle.of(stage.pid("agent-" + home)).orElseThrow());
        for (ProcessHandle guest : DemoStage.guestsIn(data).toList()) {
          DemoStage.end(guest);
        }
        assertRefused(api, server);
        assertThat(forcedDown(stage, home, true)).isEqualTo(200);

        JsonNode told = evacuate(api, home, Map.of("dryRun", true));
        assertThat(told.path("servers").path(0).path("becomes").asString()).isEqualTo("rebuilt");
        assertThat(server.host()).isEqualTo(home);
        String id =
            evacuate(api, home, Map.of("rebuildFromImage", true))
                .path("servers")
                .path(0)
                .path("evacuation")
                .asString();
        server.awaitStatus("ACTIVE");
        assertThat(server.host()).isEqualTo(away);
        server.awaitBoots(watch, 2);
        assertThat(forcedDown(stage, home, false)).as("it has not been told").isEqualTo(400);

        stage.restart("agent-" + home);
        JsonNode evacuation = settled(api, id);
        assertThat(evacuation.path("status").asString()).isEqualTo("completed");
        assertThat(evacuation.path("outcome").asString()).isEqualTo("left");
        assertThat(DemoStage.guestsIn(data)).isEmpty();
        assertThat(entries(data.resolve("instances"))).isEmpty();
        assertThat(entries(data.resolve("kept")))
            .singleElement()
            .satisfies(kept -> {
              assertThat(kept).startsWith(server.id());
              assertThat(evacuation.path("said").asString()).endsWith(kept);
              assertThat(data.resolve("kept").resolve(kept).resolve("disk0.qcow2")).exists();
            });
        assertThat(differences(api)).containsExactly(home + " copy_kept");
        assertThat(forcedDown(stage, home, false)).isEqualTo(200);
        long writes = watch.sight().acknowledgements();
        server.awaitWrites(watch, writes + 20);
        assertThat(watch.sight().bootIds()).as("started once at its new host").isEqualTo(2);
        // The kept copy is beside what comes: it can go back.
        server.migrate();
        assertThat(server.host()).isEqualTo(home);
      }
      server.delete();
    }
  }

  private static void assertRefused(ComputeClient api, TestServer server)
      throws IOException, InterruptedException {
    try {
      JsonNode _ =
          api.at("compute 2.96")
              .post("/v2.1/servers/" + server.id() + "/action", Map.of("evacuate", Map.of()));
      throw new AssertionError("evacuated from a host that is not fenced");
    } catch (ComputeClient.Refused e) {
      assertThat(e.status()).as(e.getMessage()).isEqualTo(400);
      assertThat(e.getMessage()).contains("is still in use");
    }
  }

  private static JsonNode evacuate(ComputeClient api, String host, Map<String, Object> how)
      throws IOException, InterruptedException {
    return api.post("/v1/hosts/" + host + "/evacuate", how).path("evacuation");
  }

  private JsonNode settled(ComputeClient api, String id) throws IOException, InterruptedException {
    return patience.until(
        "the old host is told",
        SOON,
        () ->
            Optional.of(api.get("/v1/evacuations/" + id).path("evacuation"))
                .filter(evacuation -> !evacuation.path("outcome").isNull()));
  }

  private static List<String> differences(ComputeClient api)
      throws IOException, InterruptedException {
    return api.get("/v1/audit")
        .path("audit")
        .path("differences")
        .valueStream()
        .map(each -> each.path("host").asString() + " " + each.path("kind").asString())
        .toList();
  }

  private static int forcedDown(DemoStage stage, String host, boolean down)
      throws IOException, InterruptedException {
    String body =
        "{\"host\": \"%s\", \"binary\": \"nova-compute\", \"forced_down\": %s}"
            .formatted(host, down);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(stage.place().api().resolve("/v2.1/os-services/force-down"))
                  .header("Content-Type", "application/json")
                  .header("X-Auth-Token", "admin:admin")
                  .header("X-OpenStack-Nova-API-Version", "2.11")
                  .PUT(HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  private static List<String> entries(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }
}
