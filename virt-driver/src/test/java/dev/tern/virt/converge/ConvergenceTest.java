package dev.tern.virt.converge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.MovePolicy;
import dev.tern.virt.MovePolicy.AtDeadline;
import dev.tern.virt.converge.Action.Abort;
import dev.tern.virt.converge.Action.ForceComplete;
import dev.tern.virt.converge.Action.PostCopy;
import dev.tern.virt.converge.Action.RaiseDowntimeLimit;
import dev.tern.virt.converge.Action.ThrottleCpu;
import dev.tern.virt.converge.Action.ThrottleGuestWrites;
import dev.tern.virt.converge.Action.Wait;
import dev.tern.virt.converge.Action.WriteBlockingMirror;
import dev.tern.virt.converge.Convergence.Decision;
import dev.tern.virt.converge.Measurement.Disks;
import dev.tern.virt.converge.Measurement.Memory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("The controller of a move")
@Tag("S102")
class ConvergenceTest {
  private static final long MIB = 1 << 20;
  private static final Disks ALIKE = new Disks(true, 0, 0, false);

  private final Convergence convergence = new Convergence(Duration.ofSeconds(30));
  private MovePolicy policy = policy(AtDeadline.ABORT, false, true);
  private State state = State.begin(policy, false);
  private long moved;

  private static MovePolicy policy(AtDeadline atDeadline, boolean postCopy, boolean autoConverge) {
    return new MovePolicy(
        Duration.ofMillis(100), 0, Duration.ofSeconds(60), atDeadline, postCopy, autoConverge);
  }

  private Action at(double second, boolean forced, boolean running, Disks disks, Memory memory) {
    moved += MIB;
    Duration since = Duration.ofMillis(Math.round(second * 1000));
    Decision decision =
        convergence.decide(
            policy, state, new Measurement(since, forced, running, moved, disks, memory));
    state = decision.next();
    return decision.action();
  }

  private Action memory(double second, long passes, long dirtyMib) {
    return at(second, false, true, ALIKE, busy(passes, dirtyMib));
  }

  private static Memory busy(long passes, long dirtyMib) {
    return new Memory(true, 50 * MIB, dirtyMib * MIB, 100 * MIB, passes, true);
  }

  private Action disk(double second, long remainingMib) {
    return at(second, false, true, copying(remainingMib, false), Memory.NOT_YET);
  }

  private static Disks copying(long remainingMib, boolean canBlockWrites) {
    return new Disks(false, remainingMib * MIB, 20 * MIB, canBlockWrites);
  }

  @Test
  void starts_low_and_leaves_a_guest_alone_whose_changes_shrink() {
    assertThat(state.downtimeLimit()).isBetween(Duration.ofMillis(5), Duration.ofMillis(50));
    for (int pass = 1; pass < 8; pass++) {
      assertThat(memory(pass, pass, 60)).isEqualTo(new Wait());
    }
  }

  @Test
  void raises_the_limit_up_to_the_policys_pause_then_slows_processors_down() {
    List<Action> did = new ArrayList<>();
    for (int pass = 1; pass < 20; pass++) {
      did.add(memory(pass, pass, 200));
    }
    did.removeIf(action -> action instanceof Wait);
    assertThat(did)
        .startsWith(
            new RaiseDowntimeLimit(Duration.ofMillis(40)),
            new RaiseDowntimeLimit(Duration.ofMillis(80)),
            new RaiseDowntimeLimit(Duration.ofMillis(100)),
            new ThrottleCpu(20),
            new ThrottleCpu(30))
        .endsWith(new ThrottleCpu(99));
  }

  @Test
  void judges_a_very_long_pass_before_its_end() {
    assertThat(memory(1, 2, 200)).isEqualTo(new Wait());
    assertThat(memory(2.5, 2, 200)).isInstanceOf(RaiseDowntimeLimit.class);
    assertThat(memory(3, 2, 200)).isEqualTo(new Wait());
    assertThat(memory(4.6, 2, 200)).isInstanceOf(RaiseDowntimeLimit.class);
  }

  @Test
  void slows_nothing_down_that_the_policy_does_not_give_it() {
    policy = policy(AtDeadline.ABORT, false, false);
    for (int pass = 1; pass < 30; pass++) {
      assertThat(memory(pass, pass, 500)).isInstanceOfAny(Wait.class, RaiseDowntimeLimit.class);
      assertThat(
              at(pass + 0.5, false, true, new Disks(true, 900 * MIB, MIB, true), busy(pass, 500)))
          .isInstanceOfAny(Wait.class, RaiseDowntimeLimit.class);
    }
  }

  @Test
  void prefers_post_copy_to_slow_processors_where_it_is_allowed() {
    policy = policy(AtDeadline.ABORT, true, true);
    List<Action> did = new ArrayList<>();
    for (int pass = 1; pass < 20; pass++) {
      did.add(memory(pass, pass, 200));
    }
    assertThat(did).doesNotHaveAnyElementsOfTypes(ThrottleCpu.class);
    assertThat(did).filteredOn(PostCopy.class::isInstance).hasSize(1);
  }

  @Test
  void takes_a_limit_back_that_a_new_policy_forbids() {
    state = state.withLimit(Duration.ofMillis(90));
    policy =
        new MovePolicy(
            Duration.ofMillis(30), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true);
    assertThat(memory(1, 1, 1)).isEqualTo(new RaiseDowntimeLimit(Duration.ofMillis(30)));
  }

  @Test
  void lets_a_disk_be_that_still_gets_less() {
    for (int second = 1; second < 50; second++) {
      assertThat(disk(second, 1000 - 3L * second)).isEqualTo(new Wait());
    }
  }

  @Test
  void lets_the_guest_write_less_and_less_when_a_mirror_never_catches_up() {
    List<Action> did = new ArrayList<>();
    for (int second = 1; second < 20; second++) {
      did.add(disk(second, 100));
    }
    did.removeIf(action -> action instanceof Wait);
    assertThat(did)
        .startsWith(
            new ThrottleGuestWrites(10 * MIB),
            new ThrottleGuestWrites(5 * MIB),
            new ThrottleGuestWrites(5 * MIB / 2));
  }

  @Test
  void has_writes_wait_for_both_sides_first_where_qemu_can() {
    assertThat(at(1, false, true, copying(100, true), Memory.NOT_YET)).isEqualTo(new Wait());
    assertThat(at(4, false, true, copying(100, true), Memory.NOT_YET))
        .isEqualTo(new WriteBlockingMirror());
    assertThat(at(8, false, true, copying(100, true), Memory.NOT_YET))
        .isInstanceOf(ThrottleGuestWrites.class);
  }

  @Test
  void limits_writes_when_a_ready_mirror_lags_by_more_than_the_pause_has_room_for() {
    Disks lags = new Disks(true, 30 * MIB, 20 * MIB, false);
    assertThat(at(1, false, true, lags, busy(1, 1))).isEqualTo(new Wait());
    assertThat(at(5, false, true, lags, busy(1, 1))).isInstanceOf(ThrottleGuestWrites.class);
    Disks little = new Disks(true, MIB, 20 * MIB, false);
    assertThat(at(9, false, true, little, busy(1, 1))).isEqualTo(new Wait());
    assertThat(at(15, false, true, little, busy(1, 1))).isEqualTo(new Wait());
  }

  @Test
  @Tag("S121")
  void ends_at_the_deadline_as_the_policy_says() {
    assertThat(memory(60, 9, 200))
        .isInstanceOfSatisfying(
            Abort.class, a -> assertThat(a.reason()).contains("deadline of 60 s", "200 MiB/s"));
    state = State.begin(policy, false);
    policy = policy(AtDeadline.FORCE, false, true);
    assertThat(memory(60, 9, 200)).isEqualTo(new ForceComplete());
    assertThat(memory(61, 9, 200)).as("once").isEqualTo(new Wait());
    state = State.begin(policy, false);
    policy = policy(AtDeadline.POST_COPY, true, true);
    assertThat(memory(60, 9, 200)).isEqualTo(new PostCopy());
  }

  @Test
  void never_begins_post_copy_before_all_disks_are_alike() {
    policy = policy(AtDeadline.POST_COPY, true, true);
    assertThat(at(60, false, true, copying(10, false), Memory.NOT_YET))
        .isInstanceOfSatisfying(Abort.class, a -> assertThat(a.reason()).contains("post-copy"));
  }

  @Test
  void forced_pauses_the_guest_or_takes_post_copy_where_it_may() {
    assertThat(at(1, true, true, copying(10, false), Memory.NOT_YET))
        .isEqualTo(new ForceComplete());
    assertThat(at(70, true, false, copying(5, false), Memory.NOT_YET))
        .as("the deadline is for what was not forced")
        .isEqualTo(new Wait());
    policy = policy(AtDeadline.ABORT, true, true);
    state = State.begin(policy, false);
    assertThat(at(1, true, true, ALIKE, busy(3, 200))).isEqualTo(new PostCopy());
  }

  @Test
  void gives_a_move_up_that_sends_nothing() {
    Measurement still = new Measurement(Duration.ofSeconds(1), false, true, 7, ALIKE, busy(1, 1));
    state = convergence.decide(policy, state, still).next();
    Decision later =
        convergence.decide(
            policy,
            state,
            new Measurement(Duration.ofSeconds(31), false, true, 7, ALIKE, busy(1, 1)));
    assertThat(later.action())
        .isInstanceOfSatisfying(
            Abort.class, a -> assertThat(a.reason()).isEqualTo("nothing moved for 30 s"));
  }
}
