package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DiskLayer;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("The plan for a guest's disks")
class DiskWaysTest {
  private static final long MIB = 1 << 20;

  private static DiskFacts disk(String id, DiskKind kind, Optional<String> base) {
    return new DiskFacts(
        id,
        kind,
        "qcow2",
        100 * MIB,
        10 * MIB,
        base.isPresent() ? 50 * MIB : 0,
        base,
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of(base.map(digest -> new DiskLayer(digest, "raw", 50 * MIB)).stream().toList()));
  }

  private static final SourceFacts GUEST =
      new SourceFacts(
          "{}",
          "QEMU",
          7_002_000,
          "q35",
          "tcg",
          1,
          128,
          List.of(
              disk("disk0", DiskKind.LOCAL, Optional.of("b".repeat(64))),
              disk("disk1", DiskKind.LOCAL, Optional.empty()),
              disk("config", DiskKind.READ_ONLY, Optional.empty()),
              disk("vol1", DiskKind.NETWORK, Optional.empty())),
          List.of(),
          List.of(),
          false,
          Optional.empty(),
          true);

  private static List<Way> ways(Optional<Map<String, Way>> asked) throws StepFailed {
    return DiskWays.choose(GUEST, asked).disks().stream()
        .map(disk -> disk.way().orElseThrow())
        .toList();
  }

  @Test
  @Tag("S48")
  @Tag("S75")
  void moves_top_layers_and_whole_disks_and_copies_no_volume() throws Exception {
    assertThat(ways(Optional.empty())).containsExactly(Way.TOP, Way.FULL, Way.SKIP, Way.SKIP);
    assertThat(DiskWays.choose(GUEST, Optional.empty()).disks())
        .extracting(DiskFacts::bytesToMove)
        .containsExactly(10 * MIB, 10 * MIB, 0L, 0L);
  }

  @Test
  @Tag("S148")
  void is_the_callers_choice_disk_by_disk() throws Exception {
    assertThat(ways(Optional.of(Map.of("disk0", Way.FULL, "disk1", Way.FULL))))
        .containsExactly(Way.FULL, Way.FULL, Way.SKIP, Way.SKIP);
    SourceFacts chain =
        DiskWays.choose(GUEST, Optional.of(Map.of("disk0", Way.CHAIN, "disk1", Way.FULL)));
    assertThat(chain.disks().getFirst().bytesToMove()).isEqualTo(60 * MIB);
    assertThat(DiskWays.of(chain)).isEqualTo(Map.of("disk0", Way.CHAIN, "disk1", Way.FULL));
  }

  @Test
  @Tag("S74")
  void names_a_disk_nobody_knows() {
    assertRefused(Map.of("disk0", Way.TOP, "disk1", Way.FULL, "vdz", Way.FULL), "vdz");
  }

  @Test
  @Tag("S73")
  void leaves_no_local_disk_behind() {
    assertRefused(Map.of("disk0", Way.TOP), "disk1");
    assertRefused(Map.of(), "disk0");
    assertRefused(Map.of("disk0", Way.SKIP, "disk1", Way.FULL), "disk0");
  }

  @Test
  @Tag("S73")
  void never_copies_what_is_attached_or_the_same_everywhere() {
    assertRefused(Map.of("disk0", Way.TOP, "disk1", Way.FULL, "vol1", Way.FULL), "vol1");
    assertRefused(Map.of("disk0", Way.TOP, "disk1", Way.FULL, "config", Way.FULL), "config");
  }

  @Test
  void knows_that_a_disk_on_nothing_has_no_top() {
    assertRefused(Map.of("disk0", Way.TOP, "disk1", Way.CHAIN), "disk1");
  }

  private static void assertRefused(Map<String, Way> asked, String disk) {
    assertThatThrownBy(() -> DiskWays.choose(GUEST, Optional.of(asked)))
        .isInstanceOfSatisfying(
            StepFailed.class,
            failed -> {
              assertThat(failed.effect()).isEqualTo(StepFailed.Effect.REFUSED);
              assertThat(failed.failure().message()).contains(disk);
            });
  }
}
