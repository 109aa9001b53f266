package dev.tern.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("./tern bench drain")
class DrainBenchStoreTest {
  @TempDir private Path work;

  private static int bench(String... options) {
    CommandLine command = new CommandLine(new DrainCommand());
    command.setErr(
        new java.io.PrintWriter(System.err, true, java.nio.charset.StandardCharsets.UTF_8));
    return command.execute(options);
  }

  @Test
  @Tag("S138")
  void empties_hosts_and_tells_what_a_migration_took() throws Exception {
    Path json = work.resolve("report.json");
    int exit =
        bench(
            "--data=" + work,
            "--json=" + json,
            "--hosts=" + System.getProperty("bench.hosts", "9"),
            "--emptied=" + System.getProperty("bench.emptied", "2"),
            "--top=" + System.getProperty("bench.top", "0"),
            "--servers=" + System.getProperty("bench.servers", "2"));
    JsonNode report = new JsonMapper().readTree(Files.readString(json));
    assertThat(exit).as("%s", report).isZero();
    assertThat(report.valueStream().map(each -> each.path("migrations").intValue()))
        .allMatch(moved -> moved > 0);
    report.forEach(each -> {
      assertThat(each.path("statements").doubleValue()).isPositive();
      assertThat(each.path("messages").doubleValue()).isPositive();
    });
  }

  @Test
  void refuses_to_empty_every_host() {
    assertThat(bench("--data=" + work, "--hosts=50", "--emptied=50")).isEqualTo(2);
  }
}
