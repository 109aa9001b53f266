package dev.tern.virt.qemu;

import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.converge.Action;
import dev.tern.virt.converge.Bandwidth;
import dev.tern.virt.converge.Bandwidth.Shares;
import dev.tern.virt.converge.Convergence;
import dev.tern.virt.converge.Convergence.Decision;
import dev.tern.virt.converge.Measurement;
import dev.tern.virt.converge.State;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockJob;
import dev.tern.virt.qmp.Commands.Ram;
import dev.tern.virt.qmp.NewerCommands.BlockJobChange;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Steers one step of a move: measures it, asks {@link Convergence}, carries out what that says, and
 * deals the bandwidth anew when streams or policy have changed. Of one thread.
 */
final class Helm {
  private static final Logger log = LoggerFactory.getLogger(Helm.class);
  private static final Duration RATE_OVER = Duration.ofMillis(500);

  /** A share is told again when it is off by more than this part of the whole. */
  private static final int FINE_ENOUGH = 50;

  private final Session session;
  private final Steering steering;
  private final Convergence convergence;
  private final boolean canBlockWrites;
  private final long begun = System.nanoTime();
  private State state;
  private Shares shares = Shares.UNLIMITED;
  private long writes;
  private boolean canPostCopy;
  private int copyingTold = -1;
  private long rateFrom;
  private long rateAt = begun;
  private long rate;

  Helm(Session session, Steering steering) throws VirtException {
    this.session = session;
    this.steering = steering;
    this.convergence = new Convergence(session.settings().deadlines().mirrorStall());
    this.canBlockWrites = session.abilities().has("block-job-change");
    this.state = State.begin(steering.policy(), blocksWrites(steering));
  }

  /** Whether mirrors begin with writes that wait for both sides. */
  static boolean blocksWrites(Steering steering) {
    return steering.options().writeBlocking() && steering.policy().bytesPerSecond() == 0;
  }

  /** Whether QEMU was set up for post-copy when memory began to move. */
  void postCopyIsPossible(boolean possible) {
    canPostCopy = possible;
  }

  Duration downtimeLimit() {
    return state.downtimeLimit();
  }

  /** What memory may take at its beginning. */
  long memoryShare(List<BlockJob> jobs) {
    return share(jobs).memory();
  }

  /** What each mirror may take at its beginning, of so many. */
  long mirrorShare(int mirrors) {
    return Bandwidth.divide(steering.policy().bytesPerSecond(), mirrors, 0, 0, false).eachMirror();
  }

  /** While disks move. */
  void look(List<BlockJob> jobs) throws VirtException, GivenUp {
    look(jobs, null);
  }

  /**
   * While memory moves too.
   *
   * @throws GivenUp when the policy ends the move
   */
  void look(List<BlockJob> all, @Nullable Ram ram) throws VirtException, GivenUp {
    List<BlockJob> jobs = all.stream().filter(j -> Nodes.isMirror(j.device())).toList();
    long offset = jobs.stream().mapToLong(BlockJob::offset).sum();
    measureRate(offset);
    long memory = ram == null ? 0 : ram.transferred();
    Decision decision =
        convergence.decide(
            steering.policy(),
            state,
            new Measurement(
                Duration.ofNanos(System.nanoTime() - begun),
                steering.forced(),
                session.call(new Commands.QueryStatus()).running(),
                offset + memory,
                new Measurement.Disks(
                    jobs.stream().allMatch(BlockJob::ready),
                    jobs.stream().mapToLong(j -> j.len() - j.offset()).sum(),
                    rate,
                    canBlockWrites),
                ram == null ? Measurement.Memory.NOT_YET : memory(ram)));
    state = decision.next();
    carryOut(decision.action(), jobs);
    dealBandwidth(jobs, ram != null);
  }

  private Measurement.Memory memory(Ram ram) {
    return new Measurement.Memory(
        true,
        ram.remaining(),
        ram.dirtyPagesRate() * ram.pageSize(),
        Math.round(ram.mbps() * 1_000_000 / 8),
        ram.dirtySyncCount(),
        canPostCopy);
  }

  private void measureRate(long offset) {
    long now = System.nanoTime();
    long time = now - rateAt;
    if (time >= RATE_OVER.toNanos()) {
      rate = Math.max(0, offset - rateFrom) * 1_000_000_000 / time;
      rateFrom = offset;
      rateAt = now;
    }
  }

  private void carryOut(Action action, List<BlockJob> jobs) throws VirtException, GivenUp {
    if (!(action instanceof Action.Wait)) {
      log.atInfo().addKeyValue("action", action).log("move steered");
    }
    switch (action) {
      case Action.Wait _ -> {}
      case Action.RaiseDowntimeLimit(Duration to) ->
          session.call(MigrationSettings.downtimeLimit(to));
      case Action.ThrottleCpu(int percent) ->
          session.call(MigrationSettings.mostCpuThrottle(percent));
      case Action.ThrottleGuestWrites _ -> limitWrites();
      case Action.WriteBlockingMirror _ -> {
        for (BlockJob job : jobs) {
          session.call(BlockJobChange.toWriteBlocking(job.device()));
        }
      }
      case Action.PostCopy _ -> session.call(new Commands.MigrateStartPostcopy());
      case Action.ForceComplete _ -> session.call(new Commands.Stop());
      case Action.Abort(String reason) -> throw new GivenUp(reason);
    }
  }

  private void dealBandwidth(List<BlockJob> jobs, boolean memoryMoves) throws VirtException {
    int copying = (int) jobs.stream().filter(j -> !j.ready()).count();
    Shares now = share(jobs);
    long fine = steering.policy().bytesPerSecond() / FINE_ENOUGH;
    if (copying != copyingTold || differs(now.eachMirror(), shares.eachMirror(), fine)) {
      for (BlockJob job : jobs) {
        if (!job.ready()) {
          session.callUnlessRefused(new Commands.BlockJobSetSpeed(job.device(), now.eachMirror()));
        }
      }
      copyingTold = copying;
      shares = new Shares(now.eachMirror(), shares.memory(), shares.eachDisksWrites());
    }
    if (memoryMoves && differs(now.memory(), shares.memory(), fine)) {
      session.call(MigrationSettings.bandwidth(now.memory()));
      shares = new Shares(shares.eachMirror(), now.memory(), shares.eachDisksWrites());
    }
    shares = new Shares(shares.eachMirror(), shares.memory(), now.eachDisksWrites());
    limitWrites();
  }

  private static boolean differs(long now, long told, long fine) {
    return (now == 0) != (told == 0) || Math.abs(now - told) > fine;
  }

  private Shares share(List<BlockJob> jobs) {
    MovePolicy policy = steering.policy();
    int ready = (int) jobs.stream().filter(BlockJob::ready).count();
    int copying = jobs.size() - ready;
    return Bandwidth.divide(
        policy.bytesPerSecond(),
        copying,
        ready,
        copying == 0 ? rate : 0,
        shares.eachDisksWrites() > 0);
  }

  /** The stricter of what the controller and what the bandwidth asks for. */
  private void limitWrites() throws VirtException {
    long a = state.writeLimit();
    long b = shares.eachDisksWrites();
    long wanted = a == 0 || b == 0 ? Math.max(a, b) : Math.min(a, b);
    if (wanted != writes) {
      GuestWrites.limit(session, wanted);
      writes = wanted;
    }
  }
}
