package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.load.Load;
import dev.tern.standalone.load.LoadOptions;
import dev.tern.standalone.load.LoadReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form of {@code ./tern load}; docs/load.md has the figures of the long one. */
@DisplayName("Thirty migrations at once")
class LoadSystemTest {
  private static final int SERVERS = 30;

  @TempDir Path folder;

  @Test
  @Tag("S95")
  @Tag("S96")
  void break_no_promise_while_parts_of_tern_are_killed() throws Exception {
    long seed = new Random().nextLong(1_000_000);
    List<String> said = new ArrayList<>();

    LoadReport report =
        Load.run(
            new LoadOptions(folder.resolve("load"), 3, SERVERS, Duration.ofSeconds(5), seed),
            Pause.SLEEPING,
            said::add);

    assertThat(report.broken()).as("%s, %s", report.lines(), said).isEmpty();
    assertThat(report.most()).as("%s", report.lines()).isEqualTo(SERVERS);
    assertThat(report.kills()).as("%s", report.lines()).isNotEmpty();
    assertThat(report.ends()).as("%s", report.lines()).containsKey("completed");
  }
}
