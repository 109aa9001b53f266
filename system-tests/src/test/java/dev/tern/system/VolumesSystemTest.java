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
import dev.tern.virt.qemu.NbdVolume;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A server that gets a volume, moves with it and loses it")
class VolumesSystemTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  @Tag("S34")
  @Tag("S35")
  @Tag("S23")
  @Tag("S24")
  @Tag("S158")
  void is_served_by_one_guest_at_a_time_whoever_is_killed() throws Exception {
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), true, Map.of());
    NbdVolume storage = NbdVolume.serve(folder.resolve("volume"), 4 << 20);
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server = TestServer.boot(stage, api);
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitWrites(watch, 20);
        String all = "/v1/servers/" + server.id() + "/volumes";
        Map<String, Object> wanted =
            Map.of("volume", Map.of("uri", "nbd://127.0.0.1:%d/v".formatted(storage.port())));
        JsonNode accepted = api.post(all, wanted).path("volume");
        String one = all + "/" + accepted.path("id").asString();
        killAgentAndConductor(stage, server);
        awaitStatus(api, one, "attached");
        server.awaitStatus("ACTIVE");
        assertThat(storage.connections()).isEqualTo(1);
        assertThatThrownBy(() -> api.post(all, wanted))
            .isInstanceOfSatisfying(
                ComputeClient.Refused.class, e -> assertThat(e.status()).isEqualTo(409));
        assertThat(attachments(api, server))
            .containsExactly(accepted.path("id").asString())
            .isEqualTo(shown(server));

        server.migrate();
        awaitConnections(storage, 1);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);

        api.delete(one);
        killAgentAndConductor(stage, server);
        awaitStatus(api, one, "detached");
        server.awaitStatus("ACTIVE");
        awaitConnections(storage, 0);
        assertThat(attachments(api, server)).isEmpty();
        assertThat(api.get("/v1/servers/" + server.id() + "/disks").path("disks")).hasSize(1);
        assertThatThrownBy(() -> api.delete(one))
            .isInstanceOfSatisfying(
                ComputeClient.Refused.class, e -> assertThat(e.status()).isEqualTo(404));
        assertThat(watch.sight().bootIds()).isEqualTo(1);
        assertThat(watch.sight().troubles()).isEmpty();
      }
      server.delete();
    } finally {
      storage.end();
    }
  }

  private static List<String> attachments(ComputeClient api, TestServer server) throws Exception {
    return api.get("/v2.1/servers/" + server.id() + "/os-volume_attachments")
        .path("volumeAttachments")
        .valueStream()
        .map(attachment -> attachment.path("volumeId").asString())
        .toList();
  }

  private static List<String> shown(TestServer server) throws Exception {
    return server
        .show()
        .path("os-extended-volumes:volumes_attached")
        .valueStream()
        .map(volume -> volume.path("id").asString())
        .toList();
  }

  private static void killAgentAndConductor(DemoStage stage, TestServer server) throws Exception {
    List<String> victims = List.of("conductor", "agent-" + server.host());
    for (String victim : victims) {
      ProcessHandle process = ProcessHandle.of(stage.pid(victim)).orElseThrow();
      process.destroyForcibly();
      process.onExit().get(10, TimeUnit.SECONDS);
    }
    for (String victim : victims) {
      stage.restart(victim);
    }
  }

  private void awaitStatus(ComputeClient api, String volume, String status) throws Exception {
    patience.untilTrue(
        "the volume is " + status,
        PATIENCE,
        () -> Optional.of(api.get(volume).path("volume").path("status").asString().equals(status)));
  }

  private void awaitConnections(NbdVolume storage, int count) throws Exception {
    patience.untilTrue(
        count + " connections", PATIENCE, () -> Optional.of(storage.connections() == count));
  }
}
