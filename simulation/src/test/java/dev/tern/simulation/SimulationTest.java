package dev.tern.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A migration, simulated whole,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SimulationTest {
  private static final int UNDISTURBED = 20;

  @Test
  @Tag("S117")
  void that_nothing_disturbs_moves_its_guest_in_any_order_of_messages() {
    for (long seed = 1; seed <= UNDISTURBED; seed++) {
      Simulation.Result result = new Simulation(Plan.undisturbed(seed), Variant.AS_IT_IS).run();

      assertThat(result.good()).as(() -> Shrinking.story(result)).isTrue();
      assertThat(result.completed()).isEqualTo(result.plan().migrations());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 13, 99, 134})
  void runs_the_same_way_every_time_it_is_run(long seed) {
    Plan plan = Seeds.Kind.ANYTHING.plan(seed);
    Simulation.Result one = new Simulation(plan, Variant.AS_IT_IS).run();
    Simulation.Result other = new Simulation(plan, Variant.AS_IT_IS).run();

    assertThat(other.trace()).isEqualTo(one.trace());
    assertThat(other.digest()).isEqualTo(one.digest());
    assertThat(other.effects()).isEqualTo(one.effects());
  }

  private static final long PASSED_BY = 597;
  private static final int TRIES = 40;

  /** A host reserves room, falls silent, and is passed by for another, if the dice say so. */
  private static Plan passedBy(long seed) {
    return new Plan(
        seed,
        3,
        2,
        0.98,
        50,
        List.of(
            new Fault("A answers ReserveSpace Done", 1, Fault.Kind.SILENCE),
            new Fault("B file move keys/ID", 1, Fault.Kind.DIES)));
  }

  /** Which dice do is another matter with each change of what is asked. */
  @Test
  @Tag("S68")
  void is_swept_on_a_host_that_fell_silent_and_was_passed_by() {
    int swept = 0;
    for (long seed = PASSED_BY; seed < PASSED_BY + TRIES; seed++) {
      Simulation.Result result = new Simulation(passedBy(seed), Variant.AS_IT_IS).run();
      assertThat(result.good()).as(() -> Shrinking.story(result)).isTrue();
      swept += result.swept();
    }
    assertThat(swept).isPositive();
  }

  /** Each broke something once. */
  static Stream<Plan> found() {
    return Stream.of(
        passedBy(PASSED_BY),
        // The half of a probe file outlived the agent that wrote it.
        new Plan(
            48,
            3,
            3,
            0.98,
            5,
            List.of(
                new Fault("B file flush instances/probe-ID.new", 1, Fault.Kind.DIES),
                new Fault("A takes CancelMirrors", 1, Fault.Kind.DIES))),
        // A guest whose QEMU died while it was copied left the note of its move behind.
        new Plan(
            380,
            3,
            2,
            0.5,
            1,
            List.of(
                new Fault("B qemu migrationObjects", 3, Fault.Kind.RUNNER_DIES),
                new Fault("A takes KillIncoming", 1, Fault.Kind.RUNNER_DIES))),
        // The same, with the source's agent dead meanwhile.
        new Plan(
            740,
            3,
            2,
            0.5,
            5,
            List.of(
                new Fault("A file flush instances/ID/move.json.new", 1, Fault.Kind.RUNNER_DIES),
                new Fault("B answers DescribeSource Done", 1, Fault.Kind.ALL_DIE))),
        // What could not be deleted at first stayed until the agent's next start.
        new Plan(
            1245,
            3,
            3,
            0.5,
            5,
            List.of(
                new Fault("B qemu handOver", 1, Fault.Kind.MONITOR_SILENT),
                new Fault("A file delete trash/ID", 2, Fault.Kind.DISK_FULL),
                new Fault("A qemu mirrorDisks", 1, Fault.Kind.DIES))),
        // A question for layers that came again after the arrival reserved room that no receipt
        // knew.
        new Plan(
            1344,
            3,
            1,
            0.5,
            1,
            List.of(new Fault("A answers MirrorDisks Done", 1, Fault.Kind.COMES_AGAIN))),
        // A guest that had arrived stood still: its QEMU had not heard that it may run.
        new Plan(
            1609,
            3,
            2,
            0.0,
            50,
            List.of(new Fault("A qemu has recorded the arrival", 1, Fault.Kind.MONITOR_SILENT))),
        // The same, and the QEMU does not answer when it is told again either.
        new Plan(
            1609,
            3,
            2,
            0.0,
            50,
            List.of(
                new Fault("A qemu has recorded the arrival", 1, Fault.Kind.MONITOR_SILENT),
                new Fault("A qemu watchArrival", 2, Fault.Kind.MONITOR_SILENT))),
        // What a fenced host had was made anew by a younger migration before it could be told: the
        // older one's receipt was never settled.
        new Plan(
            99,
            3,
            3,
            0.5,
            50,
            List.of(
                new Fault("B qemu is recorded as handed over", 1, Fault.Kind.POWER_LOST),
                new Fault("s db find", 1, Fault.Kind.POWER_LOST))),
        // A fenced host came back and was asked whether it had room for a younger migration, which
        // then went elsewhere: from then on it refused to be told what had become of the older one.
        new Plan(
            307,
            3,
            3,
            0.5,
            50,
            List.of(
                new Fault("A takes MirrorDisks", 1, Fault.Kind.POWER_LOST),
                new Fault("B answers RetireSource Done", 2, Fault.Kind.POWER_LOST))),
        // Half of a reservation stayed on a disk that was full for a moment.
        new Plan(
            465,
            3,
            2,
            0.5,
            1,
            List.of(new Fault("B file move reserved/ID", 1, Fault.Kind.DISK_FULL))),
        // The key stayed of a guest whose QEMU died just when it had arrived.
        new Plan(
            475,
            3,
            1,
            0.5,
            1,
            List.of(new Fault("B writes instances/ID/journal Resumed", 1, Fault.Kind.RUNNER_DIES))),
        // Half of the note of a move outlived the agent that wrote it.
        new Plan(
            858,
            3,
            1,
            0.98,
            1500,
            List.of(
                new Fault("A file flush instances/ID/move.json.new", 1, Fault.Kind.DIES),
                new Fault("A writes instances/ID/move.json.new", 1, Fault.Kind.RUNNER_DIES))),
        // Old disks came late, and a younger request was seen since: nobody swept them.
        new Plan(
            1877,
            3,
            3,
            0.0,
            5,
            List.of(
                new Fault("B takes DeleteDisks", 1, Fault.Kind.COMES_AGAIN),
                new Fault("A takes MirrorDisks", 2, Fault.Kind.COPY_DIES),
                new Fault("c2 db did record", 3, Fault.Kind.SILENCE))),
        // The key stayed of a guest whose QEMU died between its arrival and the note of it.
        new Plan(
            2439,
            3,
            3,
            0.5,
            50,
            List.of(
                new Fault("A qemu hears of the arrival", 1, Fault.Kind.COPY_DIES),
                new Fault("c1 db foreseen", 1, Fault.Kind.COMMIT_UNHEARD))),
        // The same, in another order.
        new Plan(
            4235,
            2,
            3,
            0.5,
            5,
            List.of(
                new Fault("B qemu hears of the arrival", 1, Fault.Kind.COPY_DIES),
                new Fault("A qemu was let go", 1, Fault.Kind.COPY_DIES))),
        // A key stayed on a disk that was full for a moment.
        new Plan(
            11062,
            2,
            1,
            0.5,
            1,
            List.of(new Fault("B file delete keys/ID", 1, Fault.Kind.DISK_FULL))),
        // Its guest died while memory was still to come: the source was kept for it for ever.
        new Plan(
                89,
                3,
                2,
                0.98,
                5,
                List.of(
                    new Fault("B writes instances/ID/journal Resumed", 1, Fault.Kind.RUNNER_DIES)))
            .byPostCopy(),
        // A guest whose QEMU died while it was brought home left the note of its move.
        new Plan(
            556,
            3,
            2,
            0.9,
            1,
            List.of(
                new Fault("B qemu has cancelled its migration", 1, Fault.Kind.RUNNER_DIES),
                new Fault("B qemu copies disks", 1, Fault.Kind.COPY_DIES))),
        // The same, with the power of its host.
        new Plan(
                749,
                3,
                1,
                0.98,
                50,
                List.of(new Fault("B qemu has recorded the arrival", 1, Fault.Kind.POWER_LOST)))
            .byPostCopy());
  }

  @ParameterizedTest
  @MethodSource("found")
  void ends_well_where_it_did_not(Plan plan) {
    Simulation.Result result = new Simulation(plan, Variant.AS_IT_IS).run();

    assertThat(result.good()).as(() -> Shrinking.story(result)).isTrue();
    assertThat(result.faultsHit()).isPositive();
  }
}
