package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A migration whose source is lost after the hand-over and before the arrival")
class LostSourceSystemTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  /** The last of the memory that is left to send at the hand-over, so that it takes a while. */
  private static final Map<String, Object> LONG_PAUSE =
      Map.of("max_bandwidth", 12 << 20, "max_pause_millis", 3000);

  @TempDir Path folder;
  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  @Tag("S88")
  @Tag("S97")
  void is_in_doubt_until_an_operator_gives_the_guest_up_and_its_disks_are_on_both_hosts()
      throws Exception {
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

        String migration = lost(stage, api, server, home, away);
        stage.restart("agent-" + away);
        inDoubt(api, migration, home);
        assertRefused(api, migration, "source", away, 409, "answers");
        assertRefused(api, migration, "destination", home, 409, "runner is 'none'");
        assertRefused(api, migration, "none", away, 400, home);

        resolve(api, migration, "none", home);

        assertThat(server.awaitMigrationEnd()).isEqualTo("error");
        server.awaitStatus("ERROR");
        assertThat(server.host()).isEqualTo(home);
        Path kept = kept(stage, api, server, migration, away);
        assertDisksAlike(data(stage, home).resolve("instances").resolve(server.id()), kept);
        assertThat(audit(api, away)).contains("copy_kept");

        stage.restart("agent-" + home);
        assertThat(settled(api, migration).path("outcome").asString()).isEqualTo("returned");
        server.awaitStatus("SHUTOFF");
        server.start();
        server.awaitBoots(watch, 2);
        assertThat(kept.resolve("disk0.qcow2")).exists();
      }
      server.delete();
    }
  }

  private static Path data(DemoStage stage, String host) {
    return Objects.requireNonNull(stage.place().hostData().get(host));
  }

  /**
   * Agent and QEMU of the source die when its journal says that the guest was handed over, before
   * the rest of the memory is sent. The destination's agent is away by then: whatever comes, nobody
   * lets it run.
   */
  private String lost(
      DemoStage stage, ComputeClient api, TestServer server, String home, String away)
      throws Exception {
    Path journal = data(stage, home).resolve("instances").resolve(server.id()).resolve("journal");
    List<ProcessHandle> guests = DemoStage.guestsIn(data(stage, home)).toList();
    assertThat(guests).isNotEmpty();
    String migration =
        api.post(
                "/v1/migrations",
                Map.of("migration", Map.of("server", server.id(), "policy", LONG_PAUSE)))
            .path("migration")
            .path("uuid")
            .asString();
    patience.untilTrue(
        "data moves",
        SOON,
        () -> Optional.of(show(api, migration).path("phase").asString().equals("PERFORM")));
    DemoStage.end(ProcessHandle.of(stage.pid("agent-" + away)).orElseThrow());
    long end = System.nanoTime() + SOON.toNanos();
    while (!Files.readString(journal, UTF_8).contains("HandedOver")) {
      assertThat(System.nanoTime()).as("it is handed over").isLessThan(end);
      Thread.onSpinWait(); // the moment is milliseconds long
    }
    for (ProcessHandle guest : guests) {
      boolean _ = guest.destroyForcibly();
    }
    DemoStage.end(ProcessHandle.of(stage.pid("agent-" + home)).orElseThrow());
    return migration;
  }

  private void inDoubt(ComputeClient api, String migration, String home)
      throws IOException, InterruptedException {
    patience.untilTrue(
        "the migration is in doubt and its destination answers",
        SOON,
        () -> {
          JsonNode shown = show(api, migration);
          assertThat(shown.path("phase").asString()).as("it has not arrived").isEqualTo("PERFORM");
          return Optional.of(
              shown
                  .path("doubt")
                  .path("why")
                  .asString("")
                  .contains("Host %s has not answered since".formatted(home)));
        });
  }

  /** Nothing of the server is left at its destination but what had come of its disks. */
  private static Path kept(
      DemoStage stage, ComputeClient api, TestServer server, String migration, String away)
      throws IOException, InterruptedException {
    JsonNode resolution = show(api, migration).path("resolution");
    assertThat(resolution.path("runner").asString()).isEqualTo("none");
    assertThat(resolution.path("outcome").isNull()).isTrue();
    assertThat(resolution.path("kept").path("host").asString()).isEqualTo(away);
    Path kept = Path.of(resolution.path("kept").path("directory").asString());
    assertThat(kept.resolve("LAST-COPY")).content().contains(server.id(), migration);
    Path there = data(stage, away);
    for (String empty : List.of("instances", "keys", "reserved")) {
      assertThat(there.resolve(empty)).isEmptyDirectory();
    }
    try (Stream<ProcessHandle> guests = DemoStage.guestsIn(there)) {
      assertThat(guests).isEmpty();
    }
    assertThat(show(api, migration).path("failure").toString())
        .contains("was fenced", kept.toString());
    assertThat(server.show().path("fault").path("message").asString()).contains("host was lost");
    return kept;
  }

  /** Mirrors are finished before the record of the hand-over: what came is all there was. */
  private static void assertDisksAlike(Path source, Path copy) throws Exception {
    Process compare =
        new ProcessBuilder(
                "qemu-img",
                "compare",
                source.resolve("disk0.qcow2").toString(),
                copy.resolve("disk0.qcow2").toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(compare.getInputStream().readAllBytes(), UTF_8);
    assertThat(compare.waitFor()).as(said).isZero();
  }

  private static List<String> audit(ComputeClient api, String host)
      throws IOException, InterruptedException {
    return api.get("/v1/audit?host=" + host)
        .path("audit")
        .path("differences")
        .valueStream()
        .map(difference -> difference.path("kind").asString())
        .toList();
  }

  private static JsonNode show(ComputeClient api, String migration)
      throws IOException, InterruptedException {
    return api.get("/v1/migrations/" + migration).path("migration");
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
      ComputeClient api, String migration, String runner, String fenced, int status, String why)
      throws IOException, InterruptedException {
    try {
      resolve(api, migration, runner, fenced);
      throw new AssertionError("taken: " + runner + ", " + fenced);
    } catch (ComputeClient.Refused e) {
      assertThat(e.status()).as(e.getMessage()).isEqualTo(status);
      assertThat(e.getMessage()).contains(why);
    }
  }
}
