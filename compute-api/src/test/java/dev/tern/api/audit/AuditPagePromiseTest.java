package dev.tern.api.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code -Dwrite.docs=true} writes the table of {@code docs/audit.md} anew. */
@DisplayName("docs/audit.md")
class AuditPagePromiseTest {
  private static final Path PAGE = Path.of("..", "docs", "audit.md");
  private static final String FROM = "<!-- kinds -->\n";
  private static final String TO = "<!-- /kinds -->";

  @Test
  @Tag("S166")
  void names_every_kind_and_its_remedy() throws IOException {
    String table =
        Arrays.stream(DifferenceKind.values())
            .map(kind ->
                "| `%s` | %s | %s |\n".formatted(kind.wire(), kind.meaning(), kind.remedy()))
            .collect(Collectors.joining());
    String page = Files.readString(PAGE);
    int from = page.indexOf(FROM) + FROM.length();
    int to = page.indexOf(TO);
    if (Boolean.getBoolean("write.docs")) {
      Files.writeString(PAGE, page.substring(0, from) + table + page.substring(to));
      return;
    }
    assertThat(page.substring(from, to)).isEqualTo(table);
  }
}
