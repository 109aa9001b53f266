package dev.tern.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("./tern bench scheduler")
class SchedulerBenchStoreTest {
  @TempDir private Path work;

  private static int bench(String... options) {
    CommandLine command = new CommandLine(new SchedulerCommand());
    command.setErr(new java.io.PrintWriter(new java.io.StringWriter()));
    return command.execute(options);
  }

  @Test
  void chooses_each_time_and_tells_how_long_that_took() throws Exception {
    Path json = work.resolve("report.json");
    String hosts = System.getProperty("bench.hosts", "300");
    String rounds = System.getProperty("bench.rounds", "4");
    int exit =
        bench(
            "--data=" + work,
            "--json=" + json,
            "--hosts=" + hosts,
            "--rounds=" + rounds,
            "--warm-ups=" + rounds);
    assertThat(exit).isZero();
    JsonNode report = new JsonMapper().readTree(Files.readString(json));
    assertThat(report.valueStream().map(each -> each.path("what").stringValue()))
        .containsExactly(
            "read all hosts and reports once",
            "bring hosts up to date",
            "pick a host",
            "pick one to migrate to",
            "pick, check, claim, keep the decision");
    report.forEach(each -> assertThat(each.path("medianMillis").doubleValue()).isPositive());
  }

  @Test
  void refuses_to_choose_among_none() {
    assertThat(bench("--data=" + work, "--hosts=0")).isEqualTo(2);
  }
}
