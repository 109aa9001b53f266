package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.Demo;
import dev.tern.standalone.demo.DemoReport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ./tern demo --chaos}: services as processes with settings from their environment, as in
 * {@code docker-compose.yml}. Its printed story is the README's.
 */
@DisplayName("Agents and conductor that are killed during a migration")
class DemoAmongKillsSystemTest {
  @TempDir Path folder;

  @Test
  @Tag("S95")
  @Tag("S96")
  @Tag("S168")
  void finish_it_when_they_are_back_and_nobody_sees_more_of_it_than_a_pause() throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
    TraceReceiver traces = new TraceReceiver();
    FormSettings settings =
        DemoStage.forKills(
            new FormSettings(
                folder,
                2,
                0,
                Optional.empty(),
                Optional.empty(),
                false,
                Map.of("tern.otlp.endpoint", traces.endpoint().toString())));
    DemoReport report;
    RunningMetrics metrics;
    try (DemoStage stage = DemoStage.set(settings, out::println)) {
      report = Demo.amongKills(stage.place(), Pause.SLEEPING, out, false, stage).play();
      report.print(out);
      metrics =
          new RunningMetrics(
              stage, List.of("api", "conductor", "scheduler", "agent-host-1", "agent-host-2"));
    }
    traces.close();
    noLogHasAPassword();
    String story = printed.toString(StandardCharsets.UTF_8);
    assertThat(report.broken()).as(story).isEmpty();
    DemoReport.Unrest unrest = report.unrest().orElseThrow();
    assertThat(unrest.killed())
        .containsExactly("agent-" + report.source(), "conductor", "agent-" + report.destination());
    assertThat(unrest.looks()).isGreaterThan(500);
    assertThat(unrest.runners()).isEqualTo(List.of(report.source(), report.destination()));
    new ReadmeTranscript(Path.of("..").resolve("README.md"), "transcript of kills").mustTell(story);
    assertAll(
        () -> new MigrationTrace(traces.told()).mustBeWhole(report.source(), report.destination()),
        metrics::mustBeThoseOfTheList);
  }

  private void noLogHasAPassword() throws IOException {
    List<String> passwords =
        List.of(
            Files.readString(folder.resolve("postgresql").resolve("password")).strip(),
            Files.readString(folder.resolve("rabbitmq").resolve("password")).strip());
    try (Stream<Path> logs = Files.list(folder.resolve("logs"))) {
      for (Path log : (Iterable<Path>) logs::iterator) {
        assertThat(Files.readString(log)).as("%s", log).isNotEmpty().doesNotContain(passwords);
      }
    }
  }
}
