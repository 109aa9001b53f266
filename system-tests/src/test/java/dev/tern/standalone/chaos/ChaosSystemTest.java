package dev.tern.standalone.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form of {@code ./tern chaos}; docs/chaos.md has the table of the long one. */
@DisplayName("A migration whose parts are killed")
class ChaosSystemTest {
  private static final Pattern STEP =
      Pattern.compile("^\\| \\w+ \\| \\**([a-z-]+)\\**[^|]*\\|", Pattern.MULTILINE);

  /** Where each of them hurts most, and where both QEMUs or none may have the guest. */
  private static final List<Cell> CELLS =
      List.of(
          new Cell(Victim.API, Chaos.ASK),
          new Cell(Victim.CONDUCTOR, "hand-over"),
          new Cell(Victim.CONDUCTOR_STOPPED, "mirror-disks"),
          new Cell(Victim.LINK_CUT, "mirror-disks"),
          new Cell(Victim.DESTINATION_FULL, "mirror-disks"),
          new Cell(Victim.SOURCE_AGENT, "hand-over"),
          new Cell(Victim.DESTINATION_AGENT, "await-arrival"),
          new Cell(Victim.BROKER, "mirror-disks"),
          new Cell(Victim.DATABASE, "hand-over"),
          new Cell(Victim.DESTINATION_QEMU, "mirror-disks"),
          new Cell(Victim.EVERYTHING, "mirror-disks"),
          new Cell(Victim.SOURCE_QEMU, "start-incoming"));

  private static final Duration HELD = Duration.ofSeconds(5);

  @TempDir Path folder;

  @Test
  @Tag("S95")
  @Tag("S96")
  void keeps_its_promises_and_would_be_seen_not_to() throws Exception {
    List<String> said = new ArrayList<>();
    try (Chaos chaos = new Chaos(folder, new Random(1), HELD, false, false, said::add)) {
      for (Cell cell : CELLS) {
        Outcome outcome = chaos.play(cell, 1);
        assertThat(outcome.broken()).as("%s, %s", cell, said).isEmpty();
        assertThat(outcome.reached()).as("%s", outcome).isTrue();
      }
      new PlantedFaults(chaos).mustAllBeNamed();
    }
  }

  @Test
  void can_be_hit_in_each_of_its_steps() throws Exception {
    String page = Files.readString(Path.of("..", "docs", "live-migration.md"));
    String table = page.substring(page.indexOf("<!-- saga -->"), page.indexOf("<!-- /saga -->"));
    assertThat(
            STEP.matcher(table).results().map(row -> row.group(1)).filter(s -> !s.equals("step")))
        .containsExactlyElementsOf(Chaos.STEPS.subList(1, Chaos.STEPS.size()));
    assertThat(Chaos.STEPS).startsWith(Chaos.ASK);
  }
}
