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
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random guests on random links, and random figures that no guest would make. */
@DisplayName("Whatever it measures, the controller of a move")
@Tag("S102")
class ConvergencePropertiesTest {
  private static final Duration STALL = Duration.ofSeconds(30);
  private static final int LOOKS = 4;

  private final Convergence convergence = new Convergence(STALL);

  private static MovePolicy randomPolicy(Random random) {
    AtDeadline atDeadline = List.of(AtDeadline.values()).get(random.nextInt(3));
    return new MovePolicy(
        Duration.ofMillis(1 + random.nextInt(2000)),
        random.nextBoolean() ? 0 : 1L + random.nextInt(1 << 28),
        Duration.ofSeconds(1 + random.nextInt(120)),
        atDeadline,
        atDeadline == AtDeadline.POST_COPY || random.nextBoolean(),
        random.nextBoolean());
  }

  @RepeatedTest(300)
  void never_exceeds_its_policy(RepetitionInfo repetition) {
    long seed = 7919L * repetition.getCurrentRepetition() + 13;
    Random random = new Random(seed);
    MovePolicy policy = randomPolicy(random);
    State state = State.begin(policy, random.nextBoolean());
    long moved = 0;
    for (int look = 0; look < 2000; look++) {
      if (random.nextInt(200) == 0) {
        policy = randomPolicy(random);
      }
      moved += random.nextInt(1 << 20);
      Measurement now = anything(random, look, moved);
      Decision decision = convergence.decide(policy, state, now);
      check(seed, policy, state, now, decision.action());
      assertThat(state.ending() && !decision.next().ending()).as("seed %d", seed).isFalse();
      state = decision.next();
    }
  }

  private static Measurement anything(Random random, int look, long moved) {
    boolean memory = random.nextBoolean();
    return new Measurement(
        Duration.ofMillis(look * 1000L / LOOKS),
        random.nextInt(1000) == 0,
        random.nextInt(10) > 0,
        moved,
        new Disks(
            random.nextBoolean(),
            random.nextInt(1 << 30),
            random.nextInt(1 << 28),
            random.nextBoolean()),
        memory
            ? new Memory(
                true,
                random.nextInt(1 << 30),
                random.nextInt(1 << 30),
                random.nextInt(1 << 28),
                random.nextInt(100),
                random.nextBoolean())
            : Memory.NOT_YET);
  }

  private static void check(
      long seed, MovePolicy policy, State before, Measurement now, Action action) {
    String why = "seed %d, %s, %s, %s: %s".formatted(seed, policy, before, now, action);
    switch (action) {
      case Wait _ -> {}
      case RaiseDowntimeLimit(Duration to) ->
          assertThat(to).as(why).isPositive().isLessThanOrEqualTo(policy.maxPause());
      case ThrottleCpu(int percent) -> {
        assertThat(policy.autoConverge()).as(why).isTrue();
        assertThat(percent).as(why).isBetween(1, 99);
      }
      case ThrottleGuestWrites(long limit) -> {
        assertThat(policy.autoConverge()).as(why).isTrue();
        assertThat(limit).as(why).isPositive();
      }
      case WriteBlockingMirror _ -> {
        assertThat(policy.autoConverge()).as(why).isTrue();
        assertThat(now.disks().canBlockWrites()).as(why).isTrue();
        assertThat(policy.bytesPerSecond()).as(why).isZero();
      }
      case PostCopy _ -> {
        assertThat(policy.postCopyAllowed()).as(why).isTrue();
        assertThat(now.disks().ready()).as(why).isTrue();
        assertThat(now.memory().canPostCopy()).as(why).isTrue();
        assertThat(before.ending()).as(why).isFalse();
      }
      case ForceComplete _ -> {
        assertThat(before.ending()).as(why).isFalse();
        assertThat(now.forced() || policy.atDeadline() == AtDeadline.FORCE).as(why).isTrue();
      }
      case Abort _ -> {}
    }
  }

  /** A guest that changes its memory at random rates, on a link that sends at random rates. */
  @RepeatedTest(300)
  void always_comes_to_an_end(RepetitionInfo repetition) {
    long seed = 104_729L * repetition.getCurrentRepetition() + 1;
    Random random = new Random(seed);
    MovePolicy policy = randomPolicy(random);
    State state = State.begin(policy, false);
    long bytes = 1L + random.nextInt(1 << 30);
    long link = random.nextInt(20) == 0 ? 0 : 1L + random.nextInt(1 << 27);
    long dirty = random.nextInt(1 << 28);
    boolean mirrors = random.nextBoolean();
    long remaining = bytes;
    long moved = 0;
    long passes = 1;
    boolean running = true;
    Duration limit = state.downtimeLimit();
    long mostLooks =
        LOOKS * (policy.deadline().toSeconds() + STALL.toSeconds() + 2)
            + (link == 0 ? 0 : LOOKS * (2 + bytes / link));
    for (long look = 0; ; look++) {
      assertThat(look).as("looks, seed %d, %s", seed, policy).isLessThanOrEqualTo(mostLooks);
      long sent = Math.min(remaining, link / LOOKS);
      moved += sent;
      remaining -= sent;
      if (remaining == 0) {
        passes++;
        remaining = running ? Math.min(bytes, dirty / LOOKS) : 0;
      }
      boolean converged = remaining * 1000 <= link * limit.toMillis() && !mirrors;
      if (converged || (mirrors && remaining == 0)) {
        return;
      }
      Decision decision =
          convergence.decide(
              policy,
              state,
              new Measurement(
                  Duration.ofMillis(look * 1000 / LOOKS),
                  false,
                  running,
                  moved,
                  new Disks(!mirrors, mirrors ? remaining : 0, link, false),
                  mirrors
                      ? Memory.NOT_YET
                      : new Memory(true, remaining, running ? dirty : 0, link, passes, true)));
      state = decision.next();
      switch (decision.action()) {
        case Abort _, PostCopy _ -> {
          return;
        }
        case ForceComplete _ -> running = false;
        case RaiseDowntimeLimit(Duration to) -> limit = to;
        case ThrottleCpu(int percent) -> dirty = dirty * (100 - percent) / 100;
        case ThrottleGuestWrites(long most) -> dirty = mirrors ? Math.min(dirty, most) : dirty;
        case Wait _, WriteBlockingMirror _ -> {}
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"100, 3, 0, 0", "100, 0, 3, 30", "100, 1, 2, 0", "1000, 2, 2, 900", "7, 1, 1, 7"})
  @Tag("S161")
  void deals_no_more_than_there_is(long total, int copying, int ready, long readyTake) {
    Bandwidth.Shares shares = Bandwidth.divide(total, copying, ready, readyTake, false);
    long taken = Math.min(readyTake, total / 2);
    assertThat(copying * shares.eachMirror()).isLessThanOrEqualTo(Math.max(copying, total - taken));
    assertThat(shares.memory()).isBetween(1L, Math.max(1, total - taken));
    if (readyTake > total / 2) {
      assertThat(shares.eachDisksWrites()).isPositive();
    }
    assertThat(Bandwidth.divide(0, copying, ready, readyTake, false))
        .isEqualTo(Bandwidth.Shares.UNLIMITED);
  }
}
