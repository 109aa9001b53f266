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
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
