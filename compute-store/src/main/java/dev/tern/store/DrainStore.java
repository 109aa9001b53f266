package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Drains: jobs that empty a host, and bring its servers home again; or that move a few servers, to
 * relieve a host or to even out all of them. All there is of one is here, so any conductor goes on
 * with it. Every change raises its revision, and what a conductor writes holds only for the
 * revision that it has seen.
 */
public interface DrainStore {
  /**
   * Begins to empty a host: from this transaction on nothing can claim a share of it, and its
   * service is disabled unless it was. One that only plans ({@link NewDrain#dryRun}), or has
   * another purpose, touches neither.
   *
   * @return the drain; the one under way when the host is being emptied or relieved already, or the
   *     cluster rebalanced
   * @throws ComputeException {@code COMPUTE_HOST_NOT_FOUND}; {@code DRAIN_CONFLICT} while servers
   *     are coming home to the host, or it is emptied when it is to be relieved, or the reverse
   */
  DrainRecord request(NewDrain drain, Requested by);

  Optional<DrainRecord> find(UUID id);

  /** The drain that empties or relieves a host now, or brings its servers home. */
  Optional<DrainRecord> unfinished(HostName host);

  /** The drain for which a host takes no servers; also one that has ended, until it is enabled. */
  Optional<DrainRecord> closing(HostName host);

  /**
   * Newest first; keyset paging after {@code marker}.
   *
   * @param dryRuns also those that only plan
   */
  List<DrainRecord> list(
      Optional<HostName> host, boolean dryRuns, Optional<UUID> marker, int limit);

  /**
   * Removes those that only plan, some at a time.
   *
   * @param age that they have at least
   * @return how many
   */
  int forgetDryRuns(Duration age);

  /** Those that went out and those that come home, each in its order. */
  List<DrainServer> servers(UUID drain);

  /**
   * Pauses a drain, lets it go on, ends it, or has its servers come home. Asked twice is one
   * effect.
   *
   * @throws ComputeException {@code DRAIN_NOT_FOUND}; {@code DRAIN_CONFLICT} when it is not in a
   *     state for that
   */
  DrainRecord order(UUID id, Order order);

  /**
   * Changes what is wished of a drain under way; servers that were given up are tried again.
   *
   * @throws ComputeException as for {@link #order}
   */
  DrainRecord change(UUID id, Wishes wishes);

  // ---- what a conductor reads and writes

  /** Drains that something is still to be done for, oldest first. */
  List<DrainRecord> open(int limit);

  /** What is on a host, or on its way there, at this moment. */
  Occupancy occupancy(HostName host);

  /** Migrations under way to each of these hosts, if any; as {@link #begin} counts them. */
  Map<HostName, Integer> arriving(Collection<HostName> hosts);

  /** The servers of these hosts, and what moving them would mean. */
  List<Resident> residents(Collection<HostName> hosts);

  /**
   * Writes what has become of a drain: its state, plan and reason, and these of its servers.
   *
   * @return false when it has changed since it was seen; nothing is written then
   */
  boolean save(DrainRecord seen, Progress progress);

  /**
   * Begins to migrate a server, as {@link MigrationStore#requestLiveMigration} does, and notes that
   * with the drain, in one transaction. Limits are looked at under one lock for all drains.
   *
   * @throws ComputeException what refuses the migration; nothing is changed then
   */
  Begun begin(
      DrainRecord seen, DrainServer moving, MigrationStore.NewMigration migration, Most most);

  /**
   * As {@link #begin}, but its guest does not run meanwhile, as {@link ColdMigrationStore#request}
   * does it.
   *
   * @throws ComputeException what refuses it; nothing is changed then
   */
  Begun beginCold(
      DrainRecord seen,
      DrainServer moving,
      ColdMigrationStore.NewColdMigration migration,
      Most most);

  /** Whether a migration was begun. */
  enum Begun {
    YES,
    /** The drain has changed since it was seen, or the server does not wait any more. */
    STALE,
    /** As many migrations run as may. */
    LIMITED
  }

  /** How many migrations may run at once; 0 is any number. */
  record Most(int out, int in, int cluster) {}

  enum Purpose {
    /** Nothing is to be left on the host. */
    EMPTY,
    /** The host is to come below a threshold. */
    RELIEVE,
    /** All hosts are to be loaded more evenly; the host is the one that was fullest. */
    REBALANCE
  }

  enum State {
    /** What would happen is to be told; nothing is done. */
    PLANNING,
    PLANNED,
    DRAINING,
    /** Nothing is on the host, and nothing arrives. */
    DRAINED,
    /** All that could be moved is, and something is left. */
    INCOMPLETE,
    CANCELLED,
    RETURNING,
    RETURNED;

    public boolean ended() {
      return switch (this) {
        case PLANNING, DRAINING, RETURNING -> false;
        case PLANNED, DRAINED, INCOMPLETE, CANCELLED, RETURNED -> true;
      };
    }
  }

  enum ServerState {
    WAITING,
    MOVING,
    MOVED,
    LEFT,
    /** Somebody has to say what becomes of it. */
    ASKING,
    STOPPING,
    STOPPED,
    /** Deleted, or moved by somebody else. */
    GONE;

    /** Whether the drain is done with it. */
    public boolean settled() {
      return switch (this) {
        case WAITING, MOVING, ASKING, STOPPING -> false;
        case MOVED, LEFT, STOPPED, GONE -> true;
      };
    }
  }

  enum Leg {
    OUT,
    HOME
  }

  enum Order {
    PAUSE,
    RESUME,
    /** What moves goes on to its end. */
    CANCEL,
    /** What moves is asked to end at home. */
    ABORT,
    RETURN
  }

  enum Sequence {
    SMALLEST_FIRST,
    LARGEST_FIRST,
    GIVEN
  }

  enum OnCannotMove {
    LEAVE,
    STOP,
    ASK,
    /** It is moved while its guest does not run, which is started again if it ran. */
    COLD
  }

  /**
   * How much at once. Empty leaves it to the installation.
   *
   * @param out migrations that leave the host
   * @param in migrations that come to any one host
   * @param cluster migrations anywhere
   * @param bytesPerSecond of all migrations of this drain together
   * @param tries of one server
   */
  record Limits(
      Optional<Integer> out,
      Optional<Integer> in,
      Optional<Integer> cluster,
      Optional<Long> bytesPerSecond,
      Optional<Integer> tries) {
    public static final Limits NONE =
        new Limits(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
  }

  /**
   * What is wished of a drain.
   *
   * @param given these servers first, in this order
   * @param targets the only hosts to move to; empty for any
   * @param goal of one that is to move only what it takes for that
   */
  record Wishes(
      Optional<Instant> deadline,
      Limits limits,
      Sequence sequence,
      List<ServerId> given,
      OnCannotMove onCannotMove,
      Set<HostName> targets,
      Optional<Goal> goal) {
    public Wishes {
      given = List.copyOf(given);
      targets = Set.copyOf(targets);
    }

    /** Of one that empties a host. */
    public Wishes(
        Optional<Instant> deadline,
        Limits limits,
        Sequence sequence,
        List<ServerId> given,
        OnCannotMove onCannotMove,
        Set<HostName> targets) {
      this(deadline, limits, sequence, given, onCannotMove, targets, Optional.empty());
    }

    public static final Wishes NONE =
        new Wishes(
            Optional.empty(),
            Limits.NONE,
            Sequence.SMALLEST_FIRST,
            List.of(),
            OnCannotMove.LEAVE,
            Set.of());
  }

  /**
   * When it is enough.
   *
   * @param memory the fraction of a host's memory that is claimed, to come to or below
   * @param vcpus likewise of its processors
   * @param imbalance of all hosts, to come to or below
   * @param moves at most
   */
  record Goal(
      Optional<Double> memory,
      Optional<Double> vcpus,
      Optional<Double> imbalance,
      Optional<Integer> moves) {}

  record NewDrain(UUID id, HostName host, Purpose purpose, Wishes wishes, boolean dryRun) {
    /** One that empties a host. */
    public NewDrain(UUID id, HostName host, Wishes wishes, boolean dryRun) {
      this(id, host, Purpose.EMPTY, wishes, dryRun);
    }
  }

  /**
   * A server's part in a plan.
   *
   * @param target where to; empty when nowhere, and then the reason says why
   * @param cold why its guest does not run while it moves; empty when it does
   * @param after it begins this long after the plan was made
   * @param pause of its guest; when it moves cold, how long it is down
   */
  record PlannedMove(
      ServerId server,
      Optional<HostName> target,
      Optional<String> cold,
      long bytes,
      Duration after,
      Duration takes,
      Optional<Duration> pause,
      String reason) {
    /** One whose guest runs meanwhile. */
    public PlannedMove(
        ServerId server,
        Optional<HostName> target,
        long bytes,
        Duration after,
        Duration takes,
        Optional<Duration> pause,
        String reason) {
      this(server, target, Optional.empty(), bytes, after, takes, pause, reason);
    }
  }

  /**
   * What is expected of a drain.
   *
   * @param takes all of it, from when it was first made
   * @param firstTakes as was said then
   * @param basis where the expectation comes from, in words
   * @param remarks what an operator should know, in sentences
   */
  record Plan(
      Instant madeAt,
      List<PlannedMove> moves,
      Duration takes,
      Duration firstTakes,
      String basis,
      List<String> remarks) {
    public Plan {
      moves = List.copyOf(moves);
      remarks = List.copyOf(remarks);
    }
  }

  /**
   * A drain.
   *
   * @param paused nothing new is begun
   * @param abortMoving what moves is asked to end at home
   * @param waiting why nothing is begun now, in words
   * @param disabledService its host's service was enabled before, and is again when it ends early
   */
  record DrainRecord(
      UUID id,
      HostName host,
      Purpose purpose,
      State state,
      boolean paused,
      boolean abortMoving,
      Wishes wishes,
      Optional<Plan> plan,
      Optional<String> waiting,
      boolean disabledService,
      long revision,
      String user,
      String project,
      Instant createdAt,
      Instant updatedAt,
      Optional<Instant> endedAt) {}

  /**
   * What a conductor found.
   *
   * @param servers those that have changed, or are new
   */
  record Progress(
      State state, Optional<Plan> plan, Optional<String> waiting, List<DrainServer> servers) {
    public Progress {
      servers = List.copyOf(servers);
    }
  }

  /**
   * A server where it is.
   *
   * @param diskBytes claimed there
   * @param fixed why it is not to be moved by itself; empty when it may be
   */
  record Resident(
      ServerId server,
      HostName host,
      long vcpus,
      long memoryMib,
      long diskBytes,
      Optional<String> fixed) {}

  /**
   * What is on a host.
   *
   * @param servers that belong there, oldest first
   * @param arriving servers of other hosts, or of none yet, with a share of it
   * @param unconfirmed servers that have left it cold, and wait to be confirmed or reverted
   * @param empty nobody has a share of it any more, what has left included
   */
  record Occupancy(List<ServerId> servers, int arriving, int unconfirmed, boolean empty) {
    public Occupancy {
      servers = List.copyOf(servers);
    }
  }
}
