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

  /** Today's figure is 264, and a migration has 19 steps: one more in each is noticed. */
  private static final double STATEMENTS = 275;

  private static final double MESSAGES = 40;
  private static final double LOOK = 10;

  @Test
  @Tag("S138")
  void a_migration_costs_as_much_in_a_cluster_three_times_as_large() throws Exception {
    Path json = work.resolve("report.json");
    int exit =
        bench("--data=" + work, "--json=" + json, "--hosts=12,36", "--emptied=2", "--servers=4");
    JsonNode report = new JsonMapper().readTree(Files.readString(json));
    assertThat(exit).as("grows: %s", report).isZero();
    assertThat(report.size()).isEqualTo(2);
    report.forEach(each -> {
      assertThat(each.path("migrations").intValue()).isEqualTo(8);
      assertThat(each.path("statements").doubleValue()).as("%s", each).isBetween(1., STATEMENTS);
      assertThat(each.path("messages").doubleValue()).as("%s", each).isBetween(1., MESSAGES);
      assertThat(each.path("look").doubleValue()).as("%s", each).isBetween(1., LOOK);
    });
  }

  @Test
  void refuses_to_empty_every_host() {
    assertThat(bench("--data=" + work, "--hosts=50", "--emptied=50")).isEqualTo(2);
    assertThat(bench("--data=" + work, "--hosts=50", "--emptied=100%")).isEqualTo(2);
    assertThat(bench("--data=" + work, "--hosts=50", "--emptied=half")).isEqualTo(2);
  }
}
