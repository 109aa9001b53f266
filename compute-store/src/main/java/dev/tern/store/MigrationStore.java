package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.StreamParts;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Live migrations, from the request to the last word about them. */
public interface MigrationStore extends TurnStore {
  /**
   * Accepts a live migration: server to task MIGRATING (compare-and-set: of two requests exactly
   * one wins) with the next epoch, migration {@code accepted}, action {@code live-migration}, saga
   * {@code LIVE_MIGRATION}, wake-up message.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_NOT_FOUND}; {@code
   *     INSTANCE_INVALID_STATE} or {@code SERVER_IN_TRANSIT} in Nova's words
   */
  MigrationRecord requestLiveMigration(NewMigration migration, Requested by);

  /**
   * Asks a running migration to stop; the saga takes it up at its next look. Action {@code
   * live_migration_cancel}, whose event {@code compute_live_migration_abort} is open until the
   * migration has ended, and an error when that was not as {@code cancelled}.
   *
   * @throws dev.tern.contract.ComputeException {@code MIGRATION_NOT_FOUND}, {@code
   *     INVALID_MIGRATION_STATE}
   */
  void requestAbort(ServerId server, long number, Requested by);

  /**
   * Lays these parts over the policy of a migration whose guest has not been handed over; the saga
   * takes it up at its next look. Action {@code live_migration_steer}.
   *
   * @return the migration as it is now, with the next revision
   * @throws dev.tern.contract.ComputeException {@code MIGRATION_NOT_FOUND}, {@code
   *     INVALID_MIGRATION_STATE}
   */
  MigrationRecord requestPolicy(MigrationId id, PolicyParts parts, Requested by);

  /**
   * Asks a running migration to end its copy whatever pause that costs the guest; the saga takes it
   * up at its next look. Asked twice is one effect. Action {@code live_migration_force_complete}.
   *
   * @throws dev.tern.contract.ComputeException {@code MIGRATION_NOT_FOUND}, {@code
   *     INVALID_MIGRATION_STATE} unless it is {@code RUNNING} and the guest not handed over
   */
  void requestForceComplete(ServerId server, long number, Requested by);

  /**
   * Gives a migration its share of the bandwidth of all of them; the saga takes it up at its next
   * look. Nothing when it has that one, when its guest has been handed over, or when there is none.
   *
   * @param bytesPerSecond empty for no limit
   */
  void share(MigrationId id, Optional<Long> bytesPerSecond);

  Optional<MigrationRecord> find(MigrationId id);

  Optional<MigrationRecord> find(ServerId server, long number);

  /** Newest first. */
  List<MigrationRecord> list(MigrationQuery query);

  /**
   * Keeps the highest figures seen; they never fall. Unknown or ended migrations are ignored. The
   * server's progress is the same figure, in percent.
   *
   * @return whether there is such a migration, ended or not
   */
  boolean progress(MigrationProgress progress);

  // ---- what the conductor writes, under its lease
  // -------------------------------------------------------------------------------

  /**
   * The destination is chosen and checked; from here on the request's checks are over ({@link
   * MigrationRecord#checked}).
   */
  void planned(
      SagaStore.Lease lease, MigrationId id, HostName destination, ClaimId claim, long diskBytes);

  /** What becomes of each disk; {@code diskBytes} of {@link #planned} are its bytes to send. */
  void disksPlanned(SagaStore.Lease lease, MigrationId id, DiskPlan plan);

  /** What is expected of it, before anything moves. */
  void foreseen(SagaStore.Lease lease, MigrationId id, Forecast forecast);

  /** Where it is now. {@code QUEUED}, {@code PREPARING} or {@code RUNNING} only. */
  void entered(SagaStore.Lease lease, MigrationId id, MigrationStatus status, Phase phase);

  /**
   * Nobody can say who runs the guest (or now somebody can). The saga goes on asking. Told again,
   * the reason changes and the beginning stays.
   */
  void inDoubt(SagaStore.Lease lease, MigrationId id, boolean inDoubt, String why);

  /**
   * The guest runs at the destination: server's host, claim roles (destination's is the server's,
   * source's is the migration's until released) and the migration's facts, in one transaction. The
   * server stays locked until {@link #completed}.
   */
  void ownerChanged(SagaStore.Lease lease, MigrationId id, PauseParts pause);

  /**
   * All is done: {@code completed}, source's claim released, server without task. Ends saga and
   * action.
   */
  void completed(SagaStore.Lease lease, MigrationId id);

  /**
   * It ended with the guest at the source: destination's claim released, server without task, as it
   * was. {@code FAILED}, {@code CANCELLED} or {@code ERROR} with the cause. Ends saga and action in
   * error.
   */
  void rolledBack(SagaStore.Lease lease, MigrationId id, MigrationStatus status, Failure failure);

  /**
   * The guest is lost (its QEMU died where it ran, or its host is lost): server ERROR with the
   * cause, destination's claim released, {@code ERROR}.
   *
   * @param failure the migration's
   * @param fault the server's, which its user sees
   */
  void guestLost(SagaStore.Lease lease, MigrationId id, Failure failure, Failure fault);

  /**
   * A live migration as asked for.
   *
   * @param disks the way of each disk that is to be copied, by its id; empty leaves all of them to
   *     the usual ways
   * @param places where disks are put on the destination, by their ids; others are where it is
   *     usual
   */
  record NewMigration(
      MigrationId id,
      ServerId server,
      Optional<HostName> requestedHost,
      BlockMigration blockMigration,
      Optional<Boolean> diskOverCommit,
      PolicyParts policy,
      StreamParts streams,
      Optional<Map<String, Way>> disks,
      Map<String, DiskPlace> places) {
    public NewMigration {
      disks = disks.map(Map::copyOf);
      places = Map.copyOf(places);
    }

    /** One that leaves policy, streams and disks to host and installation. */
    public NewMigration(
        MigrationId id,
        ServerId server,
        Optional<HostName> requestedHost,
        BlockMigration blockMigration,
        Optional<Boolean> diskOverCommit) {
      this(
          id,
          server,
          requestedHost,
          blockMigration,
          diskOverCommit,
          PolicyParts.NONE,
          StreamParts.NONE,
          Optional.empty(),
          Map.of());
    }
  }

  /**
   * What a migration may cost and how its streams are made, as asked for.
   *
   * @param revision of the policy; 0 is the request's own
   * @param forced its copy is to end whatever pause that costs
   * @param dataSince when data began to move, the moment its deadline counts from
   * @param disks the way of each disk to be copied, when the request chose; then no other is
   * @param places where disks are put on the destination, as the request chose
   * @param share bytes per second that it has of what all migrations share; empty for no limit
   */
  record Wishes(
      PolicyParts policy,
      long revision,
      StreamParts streams,
      boolean forced,
      Optional<Instant> dataSince,
      Optional<Map<String, Way>> disks,
      Map<String, DiskPlace> places,
      Optional<Long> share) {
    public Wishes {
      disks = disks.map(Map::copyOf);
      places = Map.copyOf(places);
    }

    /** Of a migration that shares with none. */
    public Wishes(
        PolicyParts policy,
        long revision,
        StreamParts streams,
        boolean forced,
        Optional<Instant> dataSince,
        Optional<Map<String, Way>> disks,
        Map<String, DiskPlace> places) {
      this(policy, revision, streams, forced, dataSince, disks, places, Optional.empty());
    }

    /** None, and nothing has moved. */
    public static final Wishes NONE =
        new Wishes(
            PolicyParts.NONE,
            0,
            StreamParts.NONE,
            false,
            Optional.empty(),
            Optional.empty(),
            Map.of());
  }

  /**
   * Which migrations.
   *
   * @param host source or destination
   * @param inProgressOnly status queued, preparing, running
   */
  record MigrationQuery(
      Optional<ServerId> server,
      Optional<HostName> host,
      Optional<HostName> source,
      Optional<MigrationStatus> status,
      boolean inProgressOnly,
      Optional<String> user,
      Optional<String> project,
      Optional<Instant> changesSince,
      Optional<MigrationId> marker,
      int limit) {}

  /**
   * Nobody can say who runs the guest.
   *
   * @param why which host does not answer since when, and what each said last
   */
  record Doubt(Instant since, String why) {}

  /**
   * A migration.
   *
   * @param doubt while nobody can say who runs the guest
   * @param number Nova's integer id
   * @param checked all checks have passed and data may move; with {@code failure}, they have not
   * @param phase the last one entered
   * @param pause the guest's, by QEMU's stamps, once known
   * @param figures how far it is, what was foreseen and what was measured
   * @param wishes its policy and streams, as asked for
   */
  record MigrationRecord(
      long number,
      MigrationId id,
      ServerId server,
      UUID saga,
      MigrationStatus status,
      Phase phase,
      boolean checked,
      boolean abortRequested,
      Optional<Doubt> doubt,
      HostName source,
      Optional<HostName> requestedHost,
      Optional<HostName> destination,
      Optional<ClaimId> destinationClaim,
      BlockMigration blockMigration,
      Optional<Boolean> diskOverCommit,
      long epoch,
      String user,
      String project,
      long memoryTotal,
      long memoryProcessed,
      long memoryRemaining,
      long diskTotal,
      long diskProcessed,
      long diskRemaining,
      Optional<Duration> pause,
      MigrationFigures figures,
      Wishes wishes,
      Optional<Failure> failure,
      Instant createdAt,
      Instant updatedAt,
      Optional<Instant> endedAt) {

    /** Nobody can say who runs the guest. */
    public boolean inDoubt() {
      return doubt.isPresent();
    }
  }
}
