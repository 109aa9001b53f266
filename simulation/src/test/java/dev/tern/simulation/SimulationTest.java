package dev.tern.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@DisplayName("A migration, simulated whole,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SimulationTest {
  private static final Logger log = LoggerFactory.getLogger(SimulationTest.class);
  private static final long USUAL = 250;
  private static final int UNDISTURBED = 20;

  private static Map<String, Integer> effects = Map.of();

  @BeforeAll
  static void learn() {
    effects = Effects.known();
  }

  @Test
  @Tag("S117")
  void that_nothing_disturbs_moves_its_guest_in_any_order_of_messages() {
    for (long seed = 1; seed <= UNDISTURBED; seed++) {
      Simulation.Result result = new Simulation(Plan.undisturbed(seed), Variant.AS_IT_IS).run();

      assertThat(result.good()).as(() -> Shrinking.story(result, Variant.AS_IT_IS)).isTrue();
      assertThat(result.completed()).isEqualTo(result.plan().migrations());
    }
  }

  @Test
  @Tag("S68")
  @Tag("S120")
  void that_anything_disturbs_ends_with_one_guest_one_owner_and_nothing_left() {
    long only = number("tern.sim.seed", 0);
    long last = only == 0 ? number("tern.sim.seeds", USUAL) : only;
    int hit = 0;
    int completed = 0;
    int holes = 0;
    int swept = 0;
    for (long seed = only == 0 ? 1 : only; seed <= last; seed++) {
      Simulation.Result result = new Simulation(Plan.of(seed, effects), Variant.AS_IT_IS).run();
      hit += result.faultsHit();
      completed += result.completed();
      holes += result.resumedBesides();
      swept += result.swept();
      assertThat(result.good()).as(() -> Shrinking.story(result, Variant.AS_IT_IS)).isTrue();
    }
    log.atInfo()
        .addKeyValue("seeds", last)
        .addKeyValue("faults", hit)
        .addKeyValue("completed", completed)
        .addKeyValue("swept", swept)
        .addKeyValue("holes", holes)
        .log("simulated");
    if (only == 0) {
      assertThat(hit).as("faults that happened").isPositive();
      assertThat(completed).as("migrations that completed all the same").isPositive();
    }
  }

  private static long number(String property, long usual) {
    String given = System.getProperty(property, "");
    return given.isEmpty() ? usual : Long.parseLong(given);
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 13, 99, 134})
  void runs_the_same_way_every_time_it_is_run(long seed) {
    Plan plan = Plan.of(seed, effects);
    Simulation.Result one = new Simulation(plan, Variant.AS_IT_IS).run();
    Simulation.Result other = new Simulation(plan, Variant.AS_IT_IS).run();

    assertThat(other.trace()).isEqualTo(one.trace());
    assertThat(other.digest()).isEqualTo(one.digest());
    assertThat(other.effects()).isEqualTo(one.effects());
  }

  /** A host reserves room, falls silent, and is passed by for another. */
  private static final Plan PASSED_BY =
      new Plan(
          588,
          3,
          2,
          0.98,
          50,
          List.of(
              new Fault("A answers ReserveSpace Done", 1, Fault.Kind.SILENCE),
              new Fault("B file move keys/ID", 1, Fault.Kind.DIES)));

  @Test
  @Tag("S68")
  void is_swept_on_a_host_that_fell_silent_and_was_passed_by() {
    Simulation.Result result = new Simulation(PASSED_BY, Variant.AS_IT_IS).run();

    assertThat(result.swept()).isPositive();
    assertThat(result.good()).as(() -> Shrinking.story(result, Variant.AS_IT_IS)).isTrue();
  }

  /** Each broke something once. */
  static Stream<Plan> found() {
    return Stream.of(
        PASSED_BY,
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
                new Fault("A writes instances/ID/move.json.new", 1, Fault.Kind.RUNNER_DIES))));
  }

  @ParameterizedTest
  @MethodSource("found")
  void ends_well_where_it_did_not(Plan plan) {
    Simulation.Result result = new Simulation(plan, Variant.AS_IT_IS).run();

    assertThat(result.good()).as(() -> Shrinking.story(result, Variant.AS_IT_IS)).isTrue();
    assertThat(result.faultsHit()).isPositive();
  }
}
