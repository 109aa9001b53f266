package dev.tern.standalone.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Who watches a saga's steps")
class StepWatchTest {
  private static final String LINE =
      "2026-01-02T03:04:05.678Z INFO  SagaLog - step %s server=\"x\" phase=\"PERFORM\" step=\"%s\"";

  @TempDir Path folder;

  @Test
  void sees_a_step_begin_once_its_line_is_whole() throws Exception {
    Path log = folder.resolve("conductor.out");
    Files.writeString(log, LINE.formatted("started", "mirror-disks") + "\n");
    try (StepWatch watch = new StepWatch(log)) {
      assertThat(watch.sees("mirror-disks")).as("what was there before").isFalse();
      append(log, LINE.formatted("finished", "mirror-disks") + "\n");
      append(log, LINE.formatted("started", "hand-over").substring(0, 60));
      assertThat(watch.sees("mirror-disks")).isFalse();
      assertThat(watch.sees("hand-over")).isFalse();
      append(log, LINE.formatted("started", "hand-over").substring(60) + "\n");
      assertThat(watch.sees("hand-over")).isTrue();
      assertThat(watch.sees("hand-over")).as("once").isFalse();
    }
  }

  private static void append(Path log, String text) throws Exception {
    Files.writeString(log, text, StandardOpenOption.APPEND);
  }
}
