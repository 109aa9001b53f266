package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.client.Endpoint;
import dev.tern.client.Migration;
import dev.tern.client.RefusedException;
import dev.tern.client.TernClient;
import dev.tern.client.command.FakeTern.Look;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

@DisplayName("A program with the client")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TernClientTest {
  @Test
  @Tag("S98")
  void migrates_a_server_in_the_three_lines_of_docs_client() throws Exception {
    try (FakeTern fake = new FakeTern()) {
      fake.server("web");
      String endpoint = fake.endpoint();
      fake.migrationsGo(new Look("completed", 100));
      TernClient tern = TernClient.connect(endpoint);
      Migration migration = tern.server("web").migrate();
      JsonNode report = migration.await(Duration.ofMinutes(30));
      assertThat(Migration.isCompleted(report)).isTrue();
      assertThatThrownBy(() -> tern.server("mail"))
          .isInstanceOfSatisfying(
              RefusedException.class, refused -> assertThat(refused.status()).isEqualTo(404))
          .hasMessage("No server has the id or the name 'mail'.");
    }
    List<String> source =
        Files.readAllLines(
                Path.of(
                    "src/test/java", TernClientTest.class.getName().replace('.', '/') + ".java"))
            .stream()
            .map(line -> line.strip().replace("(endpoint)", "(\"" + Endpoint.USUAL + "\")"))
            .toList();
    String page = Files.readString(Path.of("../docs/client.md"));
    String block = page.split("<!-- /?java -->", -1)[1];
    List<String> lines =
        block.lines().filter(line -> !line.isBlank() && !line.startsWith("```")).toList();
    assertThat(lines).hasSize(3);
    assertThat(source).containsSubsequence(lines);
  }
}
