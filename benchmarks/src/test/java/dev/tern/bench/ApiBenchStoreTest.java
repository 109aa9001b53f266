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

@DisplayName("The benchmark of the API")
class ApiBenchStoreTest {
  @TempDir Path work;

  private int bench(String... options) {
    CommandLine command = new CommandLine(new ApiCommand());
    return command.execute(options);
  }

  @Test
  void asks_both_the_same_and_tells_how_long_that_took() throws Exception {
    Path json = work.resolve("report.json");
    int exit =
        bench(
            "--data=" + work,
            "--json=" + json,
            "--few=4",
            "--many=30",
            "--rounds=2",
            "--warm-ups=1");
    assertThat(exit).isZero();
    JsonNode report = new JsonMapper().readTree(Files.readString(json));
    assertThat(
            report.path("requests").valueStream().map(each -> each.path("request").stringValue()))
        .containsExactly(
            "GET /v2.1/servers/detail?limit=100",
            "GET /v2.1/servers/detail?limit=1000",
            "os-migrateLive",
            "GET /v2.1/os-migrations?limit=100",
            "GET /v2.1/os-migrations");
    JsonNode servers = report.path("requests").path(0);
    assertThat(servers.path("few").path("rows").intValue()).isEqualTo(4);
    assertThat(servers.path("many").path("rows").intValue()).isEqualTo(30);
    report
        .path("requests")
        .forEach(each -> {
          assertThat(each.path("many").path("medianMillis").doubleValue()).isPositive();
          assertThat(each.path("ratio").doubleValue()).isPositive();
        });
  }

  @Test
  void refuses_more_rounds_than_servers_to_move() {
    assertThat(bench("--data=" + work, "--few=4", "--rounds=4", "--warm-ups=1")).isEqualTo(2);
  }
}
