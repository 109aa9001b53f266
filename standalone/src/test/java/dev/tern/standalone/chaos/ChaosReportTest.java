package dev.tern.standalone.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The report of a chaos run")
class ChaosReportTest {
  private static Outcome outcome(String victim, String step, boolean reached, String... broken) {
    return new Outcome(victim, step, 1, 12, reached, "completed", 3400, List.of(broken));
  }

  private static ChaosReport report(Outcome... outcomes) {
    return new ChaosReport(7, "2026-01-02", 1, List.of(outcomes), List.of());
  }

  @Test
  void shows_a_cell_for_each_victim_and_step_that_was_played() {
    ChaosReport report =
        report(
            outcome("conductor", "mirror-disks", true),
            outcome("conductor", "mirror-disks", true),
            outcome("api", "mirror-disks", true),
            outcome("api", "hand-over", false));
    assertThat(report.table())
        .isEqualTo(
            """
            | step | api | conductor |
            |---|---|---|
            | mirror-disks | 1 | 2 |
            | hand-over | - |  |
            """);
    assertThat(report.isGreen()).isTrue();
  }

  @Test
  void says_what_was_broken_where() {
    ChaosReport report =
        report(
            outcome("broker", "plan", true),
            outcome("broker", "plan", true, "left behind: host-2 keeps x"));
    assertThat(report.isGreen()).isFalse();
    assertThat(report.table()).contains("| plan | 1 of 2 FAILED |");
    assertThat(String.join("\n", report.lines()))
        .contains("FAILED broker × plan, round 1, killed after 12 ms: left behind: host-2 keeps x");
  }

  @Test
  void is_not_green_when_something_is_left_at_the_end() {
    assertThat(
            new ChaosReport(7, "2026-01-02", 1, List.of(), List.of("left behind: a key")).isGreen())
        .isFalse();
  }

  @Test
  void comes_from_the_same_cells_for_the_same_seed() {
    List<Victim> victims = List.of(Victim.values());
    List<Cell> once = Chaos.cells(victims, Chaos.STEPS, new Random(3));
    assertThat(Chaos.cells(victims, Chaos.STEPS, new Random(3))).isEqualTo(once);
    assertThat(Chaos.cells(victims, Chaos.STEPS, new Random(4))).isNotEqualTo(once);
    assertThat(once).doesNotHaveDuplicates().hasSize(Victim.values().length * Chaos.STEPS.size());
  }

  @Test
  void refuses_a_victim_that_is_none() {
    assertThat(Victim.of("both-agents")).isEqualTo(Victim.BOTH_AGENTS);
    assertThatThrownBy(() -> Victim.of("both agents"))
        .hasMessageContaining("no victim 'both agents'")
        .hasMessageContaining("destination-qemu");
  }
}
