package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Servers that go to another host without their guest running, and what becomes of them. Until one
 * is confirmed or reverted both hosts have the disks, and both claims are held.
 */
public interface ColdMigrationStore {
  /**
   * Task RESIZE_PREP with the next epoch, action {@code migrate} or {@code resize}, saga {@code
   * COLD_MIGRATION}. What a resize adds to its project's usage counts from now on.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_NOT_FOUND}; {@code
   *     INSTANCE_INVALID_STATE} unless the server is ACTIVE or STOPPED, on a host and without task;
   *     {@code QUOTA_EXCEEDED}
   */
  ColdMigrationRecord request(NewColdMigration asked, Requested by);

  /**
   * Task RESIZE_CONFIRMING with the next epoch, action {@code confirmResize}, saga {@code
   * CONFIRM_RESIZE}.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_NOT_FOUND}; {@code
   *     INSTANCE_INVALID_STATE} unless the server is RESIZED and without task
   */
  ColdMigrationRecord requestConfirm(ServerId server, Requested by);

  /**
   * Task RESIZE_REVERTING with the next epoch, action {@code revertResize}, saga {@code
   * REVERT_RESIZE}.
   *
   * @throws dev.tern.contract.ComputeException as {@link #requestConfirm}
   */
  ColdMigrationRecord requestRevert(ServerId server, Requested by);

  Optional<ColdMigrationRecord> find(UUID id);

  /** The one that is neither confirmed, reverted nor failed. */
  Optional<ColdMigrationRecord> open(ServerId server);

  /** Newest first. */
  List<ColdMigrationRecord> list(ColdMigrationQuery query);

  /** Those that have waited for a word for so long, oldest first. */
  List<ColdMigrationRecord> waiting(Duration atLeast, int limit);

  // ---- what the conductor writes, under its lease

  /** Those that send data, or will in a moment. */
  List<ColdMigrationRecord> sending();

  /**
   * One that has its destination moves from now on, unless others have to go first, live ones among
   * them: as {@link TurnStore#takeTurn}. It holds its turn until its disks are there.
   *
   * @return whether it is its turn
   */
  boolean takeTurn(UUID id, TurnStore.AtOnce most);

  /** Its share of the bandwidth from now on; nothing is changed of one that sends no more. */
  void share(UUID id, Optional<Long> bytesPerSecond);

  /** Where it is to be: {@code pre-migrating}. */
  void chosen(Lease lease, UUID id, HostName destination, ClaimId claim);

  /** Its guest is ended: {@code migrating}, task RESIZE_MIGRATING. */
  void leaving(Lease lease, UUID id);

  /** Its disks are there: {@code post-migrating}, task RESIZE_MIGRATED. */
  void arrived(Lease lease, UUID id, Arrival arrival);

  /**
   * What came.
   *
   * @param bytes of the files
   * @param tries of sending them, and hosts that failed before
   * @param sha256 of each disk's file, by which it was compared; none where it stayed
   */
  record Arrival(long bytes, int tries, Map<String, String> sha256) {
    public Arrival {
      sha256 = Map.copyOf(sha256);
    }
  }

  /** The server is its destination's, and what it is to be; task RESIZE_FINISH. */
  void ownerChanged(Lease lease, UUID id);

  /** The server is its source's again, and what it was. Harmless when it was all the time. */
  void ownerReturned(Lease lease, UUID id);

  /**
   * The server is RESIZED and waits for a word: {@code finished}. Ends saga and action.
   *
   * @param leftAt hosts that may have something of it, and did not answer
   */
  void finished(Lease lease, UUID id, List<HostName> leftAt);

  /**
   * The source is to take the server back when it answers again: it is stated to be down. Told
   * again, the first stays.
   */
  void owesTakeBack(Lease lease, UUID id);

  /**
   * It came to nothing: {@code error}. The server is as it was; all claims but its own are given
   * back. Ends saga and action in error.
   *
   * @param stands its guest ran, and could not be started again
   * @param leftAt hosts that may have something of it, and did not answer
   */
  void failed(Lease lease, UUID id, Failure failure, boolean stands, List<HostName> leftAt);

  /**
   * Nothing of it is left at its source: {@code confirmed}, and the source's claim is given back.
   * Ends saga and action.
   */
  void confirmed(Lease lease, UUID id, List<HostName> leftAt);

  /**
   * Nothing of it is left at its destination: {@code reverted}, and the destination's claim is
   * given back. Ends saga and action.
   *
   * @param trouble why its guest, which ran before, does not; the server is in ERROR then
   */
  void reverted(Lease lease, UUID id, Optional<Failure> trouble, List<HostName> leftAt);

  /** A confirmation or reversal came to nothing: as {@link #finished}, but the action failed. */
  void unsettled(Lease lease, UUID id, Failure failure);

  /**
   * As asked for.
   *
   * @param flavor what the server is to be; empty is as it is
   * @param usualLimits of projects, where nothing else is said; empty is none
   * @param bytesPerSecond its disks are sent no faster until bandwidth is divided anew; empty
   *     leaves it to the installation
   */
  record NewColdMigration(
      UUID id,
      ServerId server,
      Optional<HostName> requestedHost,
      Optional<FlavorRecord> flavor,
      Map<QuotaStore.Resource, Long> usualLimits,
      Optional<Boolean> autoDisk,
      Optional<Long> bytesPerSecond) {
    public NewColdMigration {
      usualLimits = Map.copyOf(usualLimits);
    }

    /** One that says nothing of {@code OS-DCF:diskConfig}. */
    public NewColdMigration(
        UUID id,
        ServerId server,
        Optional<HostName> requestedHost,
        Optional<FlavorRecord> flavor,
        Map<QuotaStore.Resource, Long> usualLimits) {
      this(id, server, requestedHost, flavor, usualLimits, Optional.empty());
    }

    /** One that is sent as fast as any. */
    public NewColdMigration(
        UUID id,
        ServerId server,
        Optional<HostName> requestedHost,
        Optional<FlavorRecord> flavor,
        Map<QuotaStore.Resource, Long> usualLimits,
        Optional<Boolean> autoDisk) {
      this(id, server, requestedHost, flavor, usualLimits, autoDisk, Optional.empty());
    }
  }

  /**
   * A cold migration.
   *
   * @param number Nova's integer id, of one kind with those of live migrations
   * @param ran its guest ran when it was asked for
   * @param oldFlavor what the server was; empty of a migration
   * @param epoch under which its source let go
   * @param ownerChangedAt since when the server is its destination's
   * @param leftAt since when nobody runs its guest at the source
   * @param finishedAt since when it waits for a word
   * @param arrival once its disks are there; empty of one that an older version has moved
   * @param bytesPerSecond its disks are sent no faster: its share, as divided last
   */
  record ColdMigrationRecord(
      long number,
      UUID id,
      ServerId server,
      UUID saga,
      ColdStatus status,
      HostName source,
      Optional<ClaimId> sourceClaim,
      Optional<HostName> requestedHost,
      Optional<HostName> destination,
      Optional<ClaimId> destinationClaim,
      boolean ran,
      Optional<FlavorRecord> oldFlavor,
      Optional<FlavorRecord> newFlavor,
      long epoch,
      RequestId request,
      String user,
      String project,
      Optional<Instant> ownerChangedAt,
      Optional<Instant> leftAt,
      Optional<Instant> finishedAt,
      Optional<Arrival> arrival,
      Optional<Long> bytesPerSecond,
      Optional<Failure> failure,
      Instant createdAt,
      Instant updatedAt,
      Optional<Instant> endedAt) {

    /** Of the files that came. */
    public long bytes() {
      return arrival.map(Arrival::bytes).orElse(0L);
    }

    /** How long nobody ran the guest; empty of one that did not run, and while it is not known. */
    public Optional<Duration> downTime() {
      return ran
          ? leftAt.flatMap(left -> finishedAt.map(there -> Duration.between(left, there)))
          : Optional.empty();
    }

    /** Whether the server becomes another one by it. */
    public boolean resize() {
      return newFlavor.isPresent();
    }
  }

  /**
   * Which.
   *
   * @param host source or destination
   * @param resize only resizes, or only migrations
   * @param before those of a lower number
   */
  record ColdMigrationQuery(
      Optional<ServerId> server,
      Optional<HostName> host,
      Optional<HostName> source,
      Optional<ColdStatus> status,
      Optional<Boolean> resize,
      Optional<String> user,
      Optional<String> project,
      Optional<Instant> changesSince,
      Optional<Long> before,
      int limit) {}

  /** Nova's words for where one is. */
  enum ColdStatus {
    ACCEPTED("accepted"),
    PRE_MIGRATING("pre-migrating"),
    MIGRATING("migrating"),
    POST_MIGRATING("post-migrating"),
    /** The server is there, and both hosts have the disks. */
    FINISHED("finished"),
    CONFIRMING("confirming"),
    CONFIRMED("confirmed"),
    REVERTING("reverting"),
    REVERTED("reverted"),
    /** The server is where it was. */
    ERROR("error");

    private final String wire;

    ColdStatus(String wire) {
      this.wire = wire;
    }

    public String wire() {
      return wire;
    }
  }
}
