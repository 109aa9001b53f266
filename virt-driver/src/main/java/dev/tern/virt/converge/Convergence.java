package dev.tern.virt.converge;

import dev.tern.virt.MovePolicy;
import dev.tern.virt.converge.Action.Abort;
import dev.tern.virt.converge.Action.ForceComplete;
import dev.tern.virt.converge.Action.PostCopy;
import dev.tern.virt.converge.Action.RaiseDowntimeLimit;
import dev.tern.virt.converge.Action.ThrottleCpu;
import dev.tern.virt.converge.Action.ThrottleGuestWrites;
import dev.tern.virt.converge.Action.Wait;
import dev.tern.virt.converge.Action.WriteBlockingMirror;
import java.time.Duration;

/**
 * The one who decides whether a move converges and what is done when it does not. It does the least
 * that may help, looks again, and does more only then.
 */
public final class Convergence {
  /** Below this share of what is sent, what the guest changes shrinks from pass to pass. */
  private static final double SHRINKS = 0.7;

  /** Of what mirrors send, at least this share must be less to send afterwards. */
  private static final double GETS_LESS = 0.1;

  /** The first pass is all of memory, and only the one after it tells what the guest changes. */
  private static final long FIRST_JUDGED_PASS = 3;

  /** Shrinking or not, after so many it will not get much smaller. */
  private static final long ENOUGH_PASSES = 8;

  private static final Duration JUDGE_EVERY = Duration.ofMillis(500);
  private static final Duration LONG_PASS = Duration.ofSeconds(2);
  private static final Duration DISK_PATIENCE = Duration.ofSeconds(3);
  private static final int FIRST_CPU = 20;
  private static final int MORE_CPU = 10;
  private static final int MOST_CPU = 99;

  /** A guest that cannot write at all would hang; slower than this it is never made. */
  static final long LEAST_WRITES = 64 << 10;

  private static final Wait WAIT = new Wait();

  private final Duration stall;

  /**
   * A controller.
   *
   * @param stall a move that sends nothing for so long is given up
   */
  public Convergence(Duration stall) {
    this.stall = stall;
  }

  /** What to do, and the state to judge the next measurement by. */
  public record Decision(Action action, State next) {}

  /** The next action; has no effect of its own. */
  public Decision decide(MovePolicy policy, State before, Measurement now) {
    State state = now.moved() > before.moved() ? before.movedTo(now.moved(), now.since()) : before;
    if (now.since().minus(state.movedAt()).compareTo(stall) >= 0) {
      return new Decision(
          new Abort("nothing moved for %d s".formatted(stall.toSeconds())), state.ended());
    }
    if (state.ending()) {
      return new Decision(WAIT, state);
    }
    if (now.forced()) {
      return new Decision(soonest(policy, now), state.ended());
    }
    if (now.since().compareTo(policy.deadline()) >= 0) {
      return atDeadline(policy, state, now);
    }
    if (state.downtimeLimit().compareTo(policy.maxPause()) > 0) {
      // The policy became stricter meanwhile.
      return limit(state, policy.maxPause());
    }
    if (!now.running()) {
      return new Decision(WAIT, state);
    }
    Decision disks = disks(policy, state, now);
    return disks.action().equals(WAIT) && now.memory().begun()
        ? memory(policy, disks.next(), now)
        : disks;
  }

  private static boolean mayPostCopy(MovePolicy policy, Measurement now) {
    return policy.postCopyAllowed()
        && now.memory().begun()
        && now.memory().canPostCopy()
        && now.disks().ready();
  }

  private static Action soonest(MovePolicy policy, Measurement now) {
    return mayPostCopy(policy, now) ? new PostCopy() : new ForceComplete();
  }

  private static Decision atDeadline(MovePolicy policy, State state, Measurement now) {
    Action action =
        switch (policy.atDeadline()) {
          case ABORT -> new Abort(tooLate(policy, now, "it was to be given up then"));
          case FORCE -> new ForceComplete();
          case POST_COPY ->
              mayPostCopy(policy, now)
                  ? new PostCopy()
                  : new Abort(
                      tooLate(policy, now, "post-copy cannot begin before all disks are alike"));
        };
    return new Decision(action, state.ended());
  }

  private static String tooLate(MovePolicy policy, Measurement now, String therefore) {
    String figures =
        now.memory().begun()
            ? "%d MiB of memory remained, changed by %d MiB/s and sent at %d MiB/s"
                .formatted(
                    now.memory().remaining() >> 20,
                    now.memory().dirtyPerSecond() >> 20,
                    now.memory().bytesPerSecond() >> 20)
            : "%d MiB of its disks remained, sent at %d MiB/s"
                .formatted(now.disks().remaining() >> 20, now.disks().bytesPerSecond() >> 20);
    return "not done within its deadline of %d s: %s; %s"
        .formatted(policy.deadline().toSeconds(), figures, therefore);
  }

  // ---- disks

  private static Decision disks(MovePolicy policy, State before, Measurement now) {
    Measurement.Disks disks = now.disks();
    Duration watched = now.since().minus(before.diskSince());
    if (before.diskThen() < 0 || !behind(policy, now)) {
      return new Decision(WAIT, before.watchingDisks(disks.remaining(), now.since()));
    }
    if (watched.compareTo(DISK_PATIENCE) < 0) {
      return new Decision(WAIT, before);
    }
    State state = before.watchingDisks(disks.remaining(), now.since());
    double sent = disks.bytesPerSecond() * (watched.toMillis() / 1000.0);
    boolean getsLess = before.diskThen() - disks.remaining() > GETS_LESS * sent;
    if (!policy.autoConverge() || sent == 0 || getsLess) {
      return new Decision(WAIT, state);
    }
    // QEMU does not hold writes that wait for both sides to a mirror's speed.
    if (disks.canBlockWrites() && !state.writeBlocking() && policy.bytesPerSecond() == 0) {
      return new Decision(new WriteBlockingMirror(), state.withWrites(state.writeLimit(), true));
    }
    long fewer = state.writeLimit() == 0 ? disks.bytesPerSecond() / 2 : state.writeLimit() / 2;
    long limit = Math.max(LEAST_WRITES, fewer);
    return limit == state.writeLimit()
        ? new Decision(WAIT, state)
        : new Decision(
            new ThrottleGuestWrites(limit), state.withWrites(limit, state.writeBlocking()));
  }

  /** While memory moves a mirror may lag by what the pause has room for. */
  private static boolean behind(MovePolicy policy, Measurement now) {
    Measurement.Disks disks = now.disks();
    if (!disks.ready()) {
      return true;
    }
    double room = disks.bytesPerSecond() * (policy.maxPause().toMillis() / 1000.0);
    return disks.remaining() > room;
  }

  // ---- memory

  private static Decision memory(MovePolicy policy, State before, Measurement now) {
    Measurement.Memory memory = now.memory();
    Duration waited = now.since().minus(before.judgedAt());
    boolean newPass =
        memory.passes() > before.passes()
            && memory.passes() >= FIRST_JUDGED_PASS
            && waited.compareTo(JUDGE_EVERY) >= 0;
    boolean longPass = memory.passes() >= FIRST_JUDGED_PASS - 1 && waited.compareTo(LONG_PASS) >= 0;
    if (!newPass && !longPass) {
      return new Decision(WAIT, before);
    }
    State state = before.judged(memory.passes(), now.since());
    boolean shrinks = memory.dirtyPerSecond() < SHRINKS * memory.bytesPerSecond();
    if (shrinks && memory.passes() < ENOUGH_PASSES) {
      return new Decision(WAIT, state);
    }
    if (state.downtimeLimit().compareTo(policy.maxPause()) < 0) {
      return limit(state, State.min(policy.maxPause(), state.downtimeLimit().multipliedBy(2)));
    }
    if (mayPostCopy(policy, now)) {
      return new Decision(new PostCopy(), state.ended());
    }
    if (!policy.autoConverge() || state.cpuPercent() >= MOST_CPU) {
      return new Decision(WAIT, state);
    }
    int percent =
        state.cpuPercent() == 0 ? FIRST_CPU : Math.min(MOST_CPU, state.cpuPercent() + MORE_CPU);
    return new Decision(new ThrottleCpu(percent), state.withCpu(percent));
  }

  private static Decision limit(State state, Duration to) {
    return new Decision(new RaiseDowntimeLimit(to), state.withLimit(to));
  }
}
