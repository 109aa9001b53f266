package dev.tern.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A receipt's file")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class LedgerTest {
  @TempDir Path directory;

  /** As agents wrote it that knew nothing of sweeping. */
  @Test
  void of_an_older_agent_is_read() throws Exception {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    for (String line :
        List.of(
            "{\"type\":\"Opened\",\"server\":\"0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01\",\"epoch\":2}",
            "{\"type\":\"Intended\",\"number\":1,\"thing\":{\"kind\":\"FILE\",\"place\":\"DATA\","
                + "\"name\":\"keys/x\"},\"at\":\"2026-11-21T10:00:00Z\"}",
            "{\"type\":\"Made\",\"number\":1,\"at\":\"2026-11-21T10:00:01Z\"}",
            "{\"type\":\"Ended\",\"number\":1,\"end\":\"REMOVED\",\"at\":\"2026-11-21T10:00:02Z\"}")) {
      lines.writeBytes(CheckedLines.line(line.getBytes(UTF_8)));
    }
    Path file = Files.write(directory.resolve("receipt"), lines.toByteArray());
    Ledger ledger = Ledger.open(file);
    assertThat(ledger.over()).isEmpty();
    assertThat(ledger.items()).singleElement().matches(item -> item.why().isEmpty());
  }
}
