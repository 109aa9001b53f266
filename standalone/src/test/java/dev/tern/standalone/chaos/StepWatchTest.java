package dev.tern.standalone.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Who watches a saga's steps")
class StepWatchTest {
  private static final String LINE =
      "2026-01-02T03:04:05.678Z INFO  SagaLog - step %s server=\"x\" phase=\"PERFORM\" step=\"%s\"";

  @TempDir Path folder;

  @Test
  void sees_who_begins_a_step_once_its_line_is_whole() throws Exception {
    Path first = folder.resolve("conductor.out");
    Path second = folder.resolve("conductor-2.out");
    Files.writeString(first, LINE.formatted("started", "mirror-disks") + "\n");
    Files.createFile(second);
    try (StepWatch watch = new StepWatch(Map.of("one", first, "two", second))) {
      assertThat(watch.sees("mirror-disks")).as("what was there before").isEmpty();
      append(first, LINE.formatted("finished", "mirror-disks") + "\n");
      append(second, LINE.formatted("started", "hand-over").substring(0, 60));
      assertThat(watch.sees("mirror-disks")).isEmpty();
      assertThat(watch.sees("hand-over")).isEmpty();
      append(second, LINE.formatted("started", "hand-over").substring(60) + "\n");
      assertThat(watch.sees("hand-over")).contains("two");
      assertThat(watch.sees("hand-over")).as("once").isEmpty();
      append(first, LINE.formatted("finished", "hand-over") + "\n");
      assertThat(watch.seesAnother("one")).isFalse();
      append(first, LINE.formatted("finished", "await-arrival") + "\n");
      assertThat(watch.seesAnother("two")).isTrue();
    }
  }

  private static void append(Path log, String text) throws Exception {
    Files.writeString(log, text, StandardOpenOption.APPEND);
  }
}
