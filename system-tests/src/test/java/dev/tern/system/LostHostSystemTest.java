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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A migration whose destination is lost when it has the guest")
class LostHostSystemTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  @Tag("S46")
  @Tag("S88")
  @Tag("S97")
  void is_in_doubt_until_an_operator_fences_that_host_and_runs_at_its_source() throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            2,
            0,
            Optional.empty(),
            Optional.empty(),
            true,
            Map.of(
                "tern.conductor.migration.silence", "20s",
                "tern.conductor.migration.doubt-after", "2s",
                "tern.agent.sweep-age", "2s",
                "tern.agent.sweep-interval", "1s"));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      TestServer server = TestServer.boot(stage, api);
      String home = server.host();
      String away = home.equals("host-1") ? "host-2" : "host-1";
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitWrites(watch, 50);

        String migration = lost(stage, api, server, away);
        JsonNode doubt = inDoubt(api, migration);
        assertThat(doubt.path("why").asString())
            .contains("Host %s has not answered since".formatted(away))
            .contains("Host %s said last that it has handed the guest over".formatted(home));
        assertThat(doubt.path("look_at").toString()).contains("/resolve", server.id());
        assertRefused(api, migration, "source", home, 400);
        assertRefused(api, migration, "destination", home, 409);

        resolve(api, migration, "source", away);

        assertThat(server.awaitMigrationEnd()).isEqualTo("failed");
        server.awaitStatus("ACTIVE");
        assertThat(server.host()).isEqualTo(home);
        long writes = watch.sight().acknowledgements();
        server.awaitWrites(watch, writes + 20);

        stage.restart("agent-" + away);
        JsonNode resolution = settled(api, migration);
        assertThat(resolution.path("outcome").asString()).isEqualTo("removed");
        Path there = Objects.requireNonNull(stage.place().hostData().get(away));
        assertThat(entries(there.resolve("instances"))).isEmpty();
        assertThat(entries(there.resolve("keys"))).isEmpty();
        assertThat(entries(there.resolve("reserved"))).isEmpty();
        assertThat(DemoStage.guestsIn(there)).isEmpty();
        server.awaitWrites(watch, writes + 40);
        new LeftMigration(stage, server).is_swept_when_its_agent_is_back();
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        assertThat(watch.sight().bootIds()).as("it has never been started again").isEqualTo(1);
      }
      server.delete();
    }
  }

  /** Agent and QEMU die when the source's journal says that the guest was handed over. */
  private String lost(DemoStage stage, ComputeClient api, TestServer server, String away)
      throws Exception {
    Path home = Objects.requireNonNull(stage.place().hostData().get(server.host()));
    Path journal = home.resolve("instances").resolve(server.id()).resolve("journal");
    // The destination's agent first, while data moves: then nobody lets the guest run there.
    AtomicBoolean agentLives = new AtomicBoolean(true);
    String migration =
        api.post(
                "/v1/migrations",
                Map.of(
                    "migration",
                    Map.of("server", server.id(), "policy", Map.of("max_bandwidth", 12 << 20))))
            .path("migration")
            .path("uuid")
            .asString();
    patience.untilTrue(
        "the guest is handed over",
        SOON,
        () -> {
          if (agentLives.get() && phase(api, migration).equals("PERFORM")) {
            DemoStage.end(ProcessHandle.of(stage.pid("agent-" + away)).orElseThrow());
            agentLives.set(false);
          }
          return Optional.of(Files.readString(journal).contains("HandedOver"));
        });
    assertThat(agentLives).isFalse();
    for (ProcessHandle guest :
        DemoStage.guestsIn(Objects.requireNonNull(stage.place().hostData().get(away))).toList()) {
      DemoStage.end(guest);
    }
    return migration;
  }

  private static JsonNode show(ComputeClient api, String migration)
      throws IOException, InterruptedException {
    return api.get("/v1/migrations/" + migration).path("migration");
  }

  private static String phase(ComputeClient api, String migration)
      throws IOException, InterruptedException {
    return show(api, migration).path("phase").asString();
  }

  private JsonNode inDoubt(ComputeClient api, String migration)
      throws IOException, InterruptedException {
    return patience.until(
        "the migration is in doubt",
        SOON,
        () ->
            Optional.of(show(api, migration).path("doubt"))
                .filter(doubt -> doubt.path("why").asString("").contains("handed the guest over")));
  }

  private JsonNode settled(ComputeClient api, String migration)
      throws IOException, InterruptedException {
    return patience.until(
        "the lost host is told",
        SOON,
        () ->
            Optional.of(show(api, migration).path("resolution"))
                .filter(resolution -> !resolution.path("outcome").isNull()));
  }

  private static void resolve(ComputeClient api, String migration, String runner, String fenced)
      throws IOException, InterruptedException {
    JsonNode _ =
        api.post(
            "/v1/migrations/" + migration + "/resolve",
            Map.of("resolve", Map.of("runner", runner, "fenced", fenced)));
  }

  private static void assertRefused(
      ComputeClient api, String migration, String runner, String fenced, int status)
      throws IOException, InterruptedException {
    try {
      resolve(api, migration, runner, fenced);
      throw new AssertionError("taken: " + runner + ", " + fenced);
    } catch (ComputeClient.Refused e) {
      assertThat(e.status()).as(e.getMessage()).isEqualTo(status);
    }
  }

  private static List<String> entries(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }
}
