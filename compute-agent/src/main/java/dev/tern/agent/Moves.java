package dev.tern.agent;

import dev.tern.agent.Standing.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.Streams;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The wheels of all moves from this host. A change of policy is written down before it holds, so
 * that the agent after this one goes on with it.
 */
final class Moves {
  /** No copy takes longer. */
  private static final Duration LONGEST = Duration.ofDays(7);

  /** A deadline that has passed already is the next moment's. */
  private static final Duration NOW = Duration.ofMillis(1);

  private final Clock clock;
  private final PolicyParts wishes;

  /** Guards the notes on the disk and {@link #underWay}. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<ServerId, UnderWay> underWay = new HashMap<>();

  /**
   * @param stepAtMillis the deadline the driver knows counts from here
   */
  private record UnderWay(long epoch, Steering steering, long stepAtMillis) {}

  /**
   * The wheels of a host.
   *
   * @param wishes what this host wishes for guests that leave it
   */
  Moves(Clock clock, PolicyParts wishes) {
    this.clock = clock;
    this.wishes = wishes;
  }

  PolicyParts wishes() {
    return wishes;
  }

  /** The wheel of one step; the first step of an epoch notes when it began. */
  Steering begin(Instance instance, Header header, Move move, Guest guest)
      throws IOException, VirtException {
    MoveOptions options = options(move.streams());
    var _ = policy(move.policy(), Duration.ZERO); // refused before anything is noted
    lock.lock();
    try {
      long now = clock.millis();
      Optional<MoveNote> known = MoveNote.read(instance.directory(), header.epoch());
      MoveNote note =
          known.isPresent()
              ? known.get().with(move.policy())
              : new MoveNote(
                  header.epoch(), now, guest.runState() == RunState.PAUSED, false, move.policy());
      if (known.isEmpty() || !known.get().equals(note)) {
        note.write(instance.directory());
      }
      Steering steering =
          new Steering(policy(note.policy(), since(note, now)), options, note.paused());
      if (note.forced()) {
        steering.forceComplete();
      }
      underWay.put(header.server(), new UnderWay(header.epoch(), steering, now));
      return steering;
    } finally {
      lock.unlock();
    }
  }

  /** Forgets a move that has ended at home. */
  void end(Instance instance, Header header) throws IOException {
    lock.lock();
    try {
      MoveNote.remove(instance.directory(), header.epoch());
      underWay.computeIfPresent(
          header.server(), (_, step) -> step.epoch() == header.epoch() ? null : step);
    } finally {
      lock.unlock();
    }
  }

  /** Done once the policy holds. */
  AgentAnswer steered(Instance instance, Header header, dev.tern.contract.move.MovePolicy policy)
      throws IOException {
    return here(instance) && steer(instance, header, policy)
        ? new AgentAnswer.Done(new Nothing())
        : notYet(header, instance);
  }

  /** Done once the move is forced, whatever comes of that. */
  AgentAnswer forced(Instance instance, Header header) throws IOException {
    return here(instance) && force(instance, header)
        ? new AgentAnswer.Done(new Nothing())
        : notYet(header, instance);
  }

  private static boolean here(Instance instance) throws IOException {
    return instance.standing().place() == Place.RUNNING;
  }

  /** Before the first step of a move there is nothing to steer; after the hand-over, no more. */
  private static AgentAnswer notYet(Header header, Instance instance) throws IOException {
    Standing standing = instance.standing();
    return switch (standing.place()) {
      case RUNNING -> new AgentAnswer.Working("no data moves yet");
      case NOTHING -> throw Refusals.absent(header.server());
      case DEFINED, STOPPED, SUSPENDED, RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "steered");
    };
  }

  /** Returns whether the policy holds now; a move that has not begun knows none. */
  private boolean steer(Instance instance, Header header, dev.tern.contract.move.MovePolicy policy)
      throws IOException {
    var _ = policy(policy, Duration.ZERO);
    lock.lock();
    try {
      Optional<MoveNote> known = MoveNote.read(instance.directory(), header.epoch());
      if (known.isEmpty()) {
        return false;
      }
      MoveNote note = known.get().with(policy);
      if (!note.equals(known.get())) {
        note.write(instance.directory());
        UnderWay step = underWay.get(header.server());
        if (step != null && step.epoch() == header.epoch()) {
          step.steering().change(policy(note.policy(), since(note, step.stepAtMillis())));
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the move is forced now; one that has not begun is not. */
  private boolean force(Instance instance, Header header) throws IOException {
    lock.lock();
    try {
      Optional<MoveNote> known = MoveNote.read(instance.directory(), header.epoch());
      if (known.isEmpty()) {
        return false;
      }
      if (!known.get().forced()) {
        known.get().toBeForced().write(instance.directory());
      }
      UnderWay step = underWay.get(header.server());
      if (step != null && step.epoch() == header.epoch()) {
        step.steering().forceComplete();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the guest, come home, stays paused: its user had paused it before data moved. */
  boolean keepsPaused(Instance instance, Header header, Guest guest)
      throws IOException, VirtException {
    Optional<MoveNote> note = MoveNote.read(instance.directory(), header.epoch());
    // Without a note nothing was begun, and the guest is as its user left it.
    return note.isPresent() ? note.get().paused() : guest.runState() == RunState.PAUSED;
  }

  /** Whether a move of that epoch was begun here and is not known to have ended. */
  boolean isNoted(Instance instance, Header header) throws IOException {
    return MoveNote.read(instance.directory(), header.epoch()).isPresent();
  }

  private static Duration since(MoveNote note, long atMillis) {
    return Duration.ofMillis(Math.max(0, atMillis - note.startedAtMillis()));
  }

  /** As the driver takes it: its deadline counts from the step. */
  private static MovePolicy policy(dev.tern.contract.move.MovePolicy policy, Duration passed) {
    Duration left = policy.deadline().minus(passed);
    try {
      if (policy.deadline().compareTo(LONGEST) > 0 || !policy.deadline().isPositive()) {
        throw new IllegalArgumentException(
            "The deadline is above 0 and at most %d days.".formatted(LONGEST.toDays()));
      }
      return new MovePolicy(
          policy.maxPause(),
          policy.bytesPerSecond(),
          left.isPositive() ? left : NOW,
          switch (policy.atDeadline()) {
            case ABORT -> MovePolicy.AtDeadline.ABORT;
            case FORCE -> MovePolicy.AtDeadline.FORCE;
            case POST_COPY -> MovePolicy.AtDeadline.POST_COPY;
          },
          policy.postCopyAllowed(),
          policy.autoConverge());
    } catch (IllegalArgumentException e) {
      throw unusable(e);
    }
  }

  /** As the driver takes them. */
  static MoveOptions options(Streams streams) {
    try {
      return new MoveOptions(
          streams.channels(),
          switch (streams.compression()) {
            case NONE -> MoveOptions.Compression.NONE;
            case XBZRLE -> MoveOptions.Compression.XBZRLE;
            case ZSTD -> MoveOptions.Compression.ZSTD;
          },
          streams.blockWrites());
    } catch (IllegalArgumentException e) {
      throw unusable(e);
    }
  }

  private static ComputeException unusable(IllegalArgumentException e) {
    return Refusals.invalid("The migration's policy cannot be used: %s".formatted(e.getMessage()));
  }
}
