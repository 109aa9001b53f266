package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.chaos.RunnerSampler;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The form of {@code docker-compose.yml}: every service a process with settings from its
 * environment, a real broker and database.
 */
@DisplayName("Services as processes")
class ProcessesSystemTest {
  private static final Duration DEATH = Duration.ofSeconds(10);

  @TempDir Path folder;

  @Test
  @Tag("S95")
  @Tag("S96")
  @Tag("S168")
  void that_are_killed_during_a_migration_finish_it_when_they_are_back() throws Exception {
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), true, Map.of());
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      TestServer server = TestServer.boot(stage, new ComputeClient(stage.place().api()));
      GuestWatch watch = new GuestWatch();
      String source = server.host();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING);
          RunnerSampler sampler = new RunnerSampler(stage.place().hostData())) {
        server.awaitWrites(watch, 50);
        server.requestMigration();
        List<String> victims = List.of("conductor", "agent-" + source, "scheduler");
        for (String victim : victims) {
          kill(stage.pid(victim));
        }
        for (String victim : victims) {
          stage.restart(victim);
        }
        assertThat(server.awaitMigrationEnd()).isEqualTo("completed");
        server.awaitStatus("ACTIVE");
        assertThat(server.host()).isNotEqualTo(source);
        server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        assertThat(sampler.momentsWithTwoRunners()).isZero();
        assertThat(sampler.runners()).containsExactly(source, server.host());
      }
      assertThat(watch.sight().bootIds()).isEqualTo(1);
      assertThat(watch.sight().badPages()).isZero();
      assertThat(watch.sight().troubles()).isEmpty();
      server.delete();
    }
  }

  private static void kill(long pid) throws Exception {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    process.destroyForcibly();
    process.onExit().get(DEATH.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);
  }
}
