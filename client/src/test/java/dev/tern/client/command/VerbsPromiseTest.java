package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

@DisplayName("The verbs of the client")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class VerbsPromiseTest {
  private static Set<String> verbs() {
    Screen nowhere = new Screen(System.out, System.err);
    Client client = new Client(Map.of(), dev.tern.client.Pace.REAL, nowhere, Farewell.of(nowhere));
    return new TreeSet<>(new CommandLine(client).getSubcommands().keySet());
  }

  @Test
  void are_those_that_tern_hands_over_to_it() throws IOException {
    String script = Files.readString(Path.of("../tern"));
    MatchResult list =
        Pattern.compile("client_verbs=\\(([^)]*)\\)")
            .matcher(script)
            .results()
            .findFirst()
            .orElseThrow();
    assertThat(List.of(list.group(1).trim().split("\\s+"))).hasSameElementsAs(verbs());
  }

  @Test
  @Tag("S10")
  void are_all_in_the_table_of_docs_client() throws IOException {
    Set<String> shown = new TreeSet<>();
    Files.readAllLines(Path.of("../docs/client.md")).stream()
        .filter(line -> line.startsWith("|"))
        .flatMap(line -> Pattern.compile("`tern ([a-z-]+)").matcher(line).results())
        .forEach(verb -> shown.add(verb.group(1)));
    assertThat(shown).isEqualTo(verbs());
  }
}
