package dev.tern.virt;

import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * One running QEMU process and the connection to its monitor. Closing the object closes the
 * connection; the process goes on.
 *
 * <p>Every method fails with a {@link VirtException} whose kind says what is known of the effect.
 */
public interface Guest extends AutoCloseable {

  long pid();

  /** Whether the process is still there (a zombie is not). */
  boolean alive();

  RunState runState() throws VirtException;

  /** Runs the guest's processors. Harmless when they run already. */
  void cont() throws VirtException;

  /**
   * The guest's processors stand. Harmless when they stand already.
   *
   * @throws VirtException {@code REFUSED} when it is in no state to be paused, or did not stay so
   */
  void pause() throws VirtException;

  /**
   * Asks the guest to power off (ACPI) and waits for the process to end; after {@code grace} it is
   * ended by force.
   */
  void shutDown(Duration grace) throws VirtException;

  /**
   * Ends the process, by {@code quit}, then SIGKILL; returns when it is gone. Harmless when it is
   * gone already.
   */
  void kill() throws VirtException;

  /**
   * QMP commands that Tern needs and this guest's QEMU lacks, sorted. It may be another QEMU than
   * the one installed now: a package's upgrade leaves the old one running.
   */
  List<String> missingCommands() throws VirtException;

  /** Disks as the monitor shows them now: node, format, virtual and allocated bytes. */
  List<DiskState> disks() throws VirtException;

  /**
   * Watches for so long how much the guest writes. It runs on; what else is done with it is not
   * disturbed.
   *
   * @param over at least a second, at most a minute; QEMU counts in whole ones
   */
  WriteRates writes(Duration over) throws VirtException, InterruptedException;

  /** Copies and snapshots of its disks on this host. */
  DiskCopies copies();

  /** Copies of its disks that outlive this process. */
  DiskLedgers ledgers();

  /** Called once, from the driver's thread, when the process or its monitor is gone. */
  void onGone(Runnable listener);

  /**
   * Plugs a volume into the running guest, at the root port it names. Harmless when it is there
   * already.
   *
   * @throws VirtException {@code REFUSED} when the volume's server cannot be reached, or the port
   *     or id is taken; nothing is left of it
   */
  void plug(LaunchRecipe.NetworkDisk disk) throws VirtException;

  /**
   * Takes a plugged volume away: asks the guest to let go of it, and returns when neither device
   * nor node is left. Harmless when there is none.
   *
   * @throws VirtException {@code REFUSED} when the guest did not let go within {@code patience} (it
   *     may still; ask again), or when the disk is none that was plugged
   */
  void unplug(String diskId, Duration patience) throws VirtException, InterruptedException;

  // ---- destination
  // -------------------------------------------------------------------------------------------------------------

  /**
   * Makes a guest launched as {@code INCOMING} ready: NBD server and one writable export per disk
   * under an unguessable name, migration parameters, then the incoming listener. May be repeated:
   * it answers with what is there.
   */
  IncomingEndpoints openIncoming(IncomingRequest request) throws VirtException;

  /**
   * Watches an incoming guest from now on. At QEMU's own {@code MIGRATION completed} event {@code
   * permit} is asked (it records durably that the guest arrived, and may refuse); then exports are
   * closed, the guest runs, and {@code listener} is told {@link Arrival.Running} with QEMU's
   * stamps. No round trip to anyone happens on the way, but where the source may use post-copy and
   * did not: {@link ArrivalPermit#sourceLetGo}. Also tells {@link Arrival.Failed} when the stream
   * broke. An arrival that happened before this call (a restarted agent) is found by query.
   *
   * @param keepPaused the guest was paused by its user and stays so
   */
  void watchArrival(ArrivalPermit permit, boolean keepPaused, Consumer<Arrival> listener)
      throws VirtException;

  /**
   * Goes on taking in the memory of a guest that runs here by post-copy, which a former agent
   * watched. Harmless when nothing is to come.
   */
  void keepReceiving() throws VirtException;

  /**
   * What an arrived guest still lacks of its memory. Asks QEMU nothing, which may be held by what
   * is lacking; kept up to date by {@link #watchArrival} and {@link #keepReceiving}.
   */
  MissingMemory missingMemory();

  /**
   * What QEMU says of its own migration: true when it is completed, so that the guest stands here
   * and QEMU will not run it by itself; false when it has failed or there is none; empty while it
   * is under way. Looks, and changes nothing.
   */
  Optional<Boolean> hasLeft() throws VirtException;

  /**
   * The disks this guest exports now, as an NBD client is told of them; empty when there are none.
   * With a key, its secret is neither shown nor on a command line.
   */
  List<ExportState> exports() throws VirtException;

  /** What {@link #openIncoming} last answered; its listeners may have ended since. */
  Optional<IncomingEndpoints> opened() throws VirtException;

  /**
   * What this QEMU has now that a migration may have made in it. Looks, and changes nothing.
   *
   * @throws VirtException when it cannot be known
   */
  MigrationObjects migrationObjects() throws VirtException;

  /** Ends exports and the NBD server. Harmless when there are none. */
  void closeExports() throws VirtException;

  // ---- source
  // ------------------------------------------------------------------------------------------------------------------

  /**
   * Starts one mirror per disk, all in parallel, to the given exports and returns when all are
   * ready, so that from now on each write goes to both sides. May be repeated: running mirrors are
   * taken up where they are.
   *
   * @param steering the policy, and its changes; a forced completion pauses the guest until all are
   *     ready, and leaves it paused for the hand-over
   * @param progress called at least every 500 ms from the calling thread
   * @throws VirtException {@code REFUSED} with the job's error when a mirror failed or the policy
   *     gave it up; the guest runs on, unless its user had paused it, and the mirrors are gone
   */
  void mirrorDisks(List<MirrorTarget> targets, Steering steering, Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException;

  /**
   * Drops mirrors and their nodes, with yank when the link is dead. Harmless when there are none.
   * Guest runs on.
   */
  void cancelMirrors() throws VirtException;

  /**
   * Whether QEMU can end the stream of a memory with the last byte that the destination needs. As a
   * rule it writes a description of the stream behind it, which nobody reads; when the link breaks
   * there it calls its migration failed and runs its guest, though all of it arrived.
   */
  boolean canSuppressVmdesc() throws VirtException;

  /**
   * Sends the guest's memory and hands the guest over: migrate with pause-before-switchover, at
   * {@code pre-switchover} finish the mirrors, call {@code beforeContinue} (it records durably that
   * the guest is handed over), then {@code migrate-continue}, and wait until QEMU says completed or
   * failed.
   *
   * <p>{@link HandOver.Stayed}: the guest runs here again ({@code beforeContinue} was not called).
   * {@link HandOver.Sent}: QEMU has sent everything and the guest is paused here; <em>only the
   * destination can say that it arrived</em>. {@link HandOver.Unknown}: handed over, but what QEMU
   * did since is not known. May be repeated after an agent's restart: it looks where the migration
   * stands and goes on from there; {@code handedOver} says whether the record was written.
   *
   * <p>Where the policy comes to post-copy, everything is the same up to {@code migrate-continue};
   * then the guest starts at its destination and the rest of its memory follows. When the link
   * breaks meanwhile, both sides wait and go on over a new connection.
   */
  HandOver handOver(
      MemoryTarget target,
      Steering steering,
      boolean handedOver,
      HandOverRecord beforeContinue,
      Consumer<MoveProgress> progress)
      throws VirtException, InterruptedException;

  /**
   * Asks a hand-over in progress in another thread to stop before it is recorded: {@code
   * migrate_cancel}. The thread in {@link #handOver} returns {@code Stayed}, or {@code Sent} when
   * it was too late.
   */
  void cancelHandOver() throws VirtException;

  /**
   * Brings the guest back to running here from whatever an unfinished migration left (cancel, yank
   * if stuck, drop mirrors, dismiss jobs, delete nodes, let its writes go unthrottled, {@code
   * cont}). Idempotent. The caller guarantees that no other QEMU can run the guest.
   *
   * @param keepPaused the guest was paused by its user: everything else is undone, and it stays
   *     paused
   */
  void recoverAtHome(boolean keepPaused) throws VirtException;

  // ---- into a file and out of it
  // -------------------------------------------------------------------------------------------------

  /**
   * The guest's processors stand, and all of its memory and devices go to {@code to}, which is
   * neither forced nor closed. Its disks are flushed. When this returns the guest stands as {@link
   * RunState#POSTMIGRATE}: it either ends now, or what was written is void and {@link
   * #recoverAtHome} lets it go on. May be repeated, also where a former agent was cut off.
   *
   * @param progress told how many bytes were taken, from the calling thread
   * @throws VirtException {@code REFUSED} when QEMU or {@code to} would not, or nothing moved for
   *     too long; the guest runs on
   */
  void save(WritableByteChannel to, LongConsumer progress)
      throws VirtException, InterruptedException;

  /**
   * Gives a guest launched as {@code INCOMING} its memory. When this returns all of {@code from} is
   * in it, and it stands until {@link #cont}: none of its processors has run, and it has written
   * nothing to its disks.
   *
   * @param from may fail instead of ending, to say that what it gave was not right
   * @throws VirtException when it did not come whole; the guest has not run, and its process is
   *     good for nothing but {@link #kill}
   */
  void load(ReadableByteChannel from, LongConsumer progress)
      throws VirtException, InterruptedException;

  @Override
  void close();

  /** What a guest lacks that runs at its destination before all its memory is there. */
  enum MissingMemory {
    NONE,
    /** It is on its way, or was when QEMU was last heard. */
    COMING,
    /**
     * The link to its source broke. It goes on when the source's QEMU takes the post-copy up again,
     * and never when that QEMU has ended.
     */
    CUT_OFF
  }

  /** QEMU's run state as far as callers need to tell apart. */
  enum RunState {
    RUNNING,
    PAUSED,
    /** Waits for an incoming stream; nothing has arrived. */
    INCOMING,
    /** The outgoing stream is complete; paused. */
    POSTMIGRATE,
    /** Paused at a failed finish of a migration. */
    FINISH_MIGRATE,
    SHUTDOWN,
    /**
     * Stopped by QEMU at a write for which the disk's file system had no room. Nothing is lost:
     * told to continue, QEMU writes it again.
     */
    IO_ERROR,
    /** Internal error, guest panicked, and the like: it cannot go on. */
    ERROR
  }

  /**
   * How much a guest writes.
   *
   * @param memoryBytesPerSecond of different memory: what is written twice counts once; empty when
   *     that cannot be said
   * @param reason why it cannot; empty when it can
   * @param diskBytesPerSecond to all of its disks together
   */
  record WriteRates(OptionalLong memoryBytesPerSecond, String reason, long diskBytesPerSecond) {}

  record DiskState(String diskId, String format, long virtualBytes, long allocatedBytes) {}

  /**
   * @param address numeric, to listen on
   * @param nbdPort TCP port for the exports; with 0 nothing is opened, and what is open is told
   * @param migrationPort TCP port for the memory stream; 0 takes any
   * @param exportNames per disk id, unguessable
   * @param options as the source is told them
   * @param key who has it may write to the exports and send the guest, and nobody else; empty for
   *     plaintext
   * @param suppressVmdesc the source can {@link #canSuppressVmdesc end its stream} with the last
   *     byte that is needed
   * @param awaitSource the source may use post-copy. Then its QEMU waits for a last word from here
   *     when all is here, and without that word it runs the guest by itself: so the guest runs here
   *     only once {@link ArrivalPermit#sourceLetGo}. May be asked for later, when all is open
   *     already, and never taken back
   */
  record IncomingRequest(
      String address,
      int nbdPort,
      int migrationPort,
      java.util.Map<String, String> exportNames,
      MoveOptions options,
      Optional<StreamKey> key,
      boolean suppressVmdesc,
      boolean awaitSource) {
    /** From a source that does not use post-copy. */
    public IncomingRequest(
        String address,
        int nbdPort,
        int migrationPort,
        java.util.Map<String, String> exportNames,
        MoveOptions options,
        Optional<StreamKey> key,
        boolean suppressVmdesc) {
      this(address, nbdPort, migrationPort, exportNames, options, key, suppressVmdesc, false);
    }
  }

  /**
   * What an incoming guest listens on.
   *
   * @param suppressVmdesc nothing is expected behind the last byte that is needed: true only where
   *     it was asked for and QEMU can. The source has to be told the same
   * @param awaitsSource the guest waits for its source's word, so the source may use post-copy
   */
  record IncomingEndpoints(
      String address,
      int nbdPort,
      int migrationPort,
      java.util.Map<String, String> exportNames,
      boolean suppressVmdesc,
      boolean awaitsSource) {
    /** Of a guest that waits for nobody. */
    public IncomingEndpoints(
        String address,
        int nbdPort,
        int migrationPort,
        java.util.Map<String, String> exportNames,
        boolean suppressVmdesc) {
      this(address, nbdPort, migrationPort, exportNames, suppressVmdesc, false);
    }
  }

  /**
   * One export.
   *
   * @param tls whether only who has the key may connect
   * @param sizeBytes what a client may address
   * @param flags of the export, in {@code qemu-nbd}'s words
   * @param contexts metadata contexts, e.g. {@code base:allocation}
   * @param clients connections open on the port, of all its exports together
   */
  record ExportState(
      String diskId,
      String name,
      String address,
      int port,
      boolean tls,
      long sizeBytes,
      List<String> flags,
      List<String> contexts,
      int clients) {
    public ExportState {
      flags = List.copyOf(flags);
      contexts = List.copyOf(contexts);
    }
  }

  /**
   * Where one disk's mirror goes.
   *
   * @param key as the destination has it; empty for plaintext
   */
  record MirrorTarget(
      String diskId,
      String address,
      int port,
      String exportName,
      Sync sync,
      Optional<StreamKey> key) {}

  enum Sync {
    /** All that the guest sees of the disk; the target stands alone. */
    FULL,
    /** Only the top layer; the target has an equal base. */
    TOP
  }

  /**
   * Where the memory goes.
   *
   * @param key as the destination has it; empty for plaintext
   * @param suppressVmdesc as the destination answered: {@link IncomingEndpoints#suppressVmdesc}
   * @param awaitsSource as the destination answered: {@link IncomingEndpoints#awaitsSource}; where
   *     it does not, there is no post-copy whatever the policy allows
   */
  record MemoryTarget(
      String address,
      int port,
      Optional<StreamKey> key,
      boolean suppressVmdesc,
      boolean awaitsSource) {
    /** Without post-copy. */
    public MemoryTarget(String address, int port, Optional<StreamKey> key, boolean suppressVmdesc) {
      this(address, port, key, suppressVmdesc, false);
    }
  }

  /**
   * Bytes moved so far. {@code processed} never falls within one migration; {@code total} may grow.
   *
   * @param disks one for each mirror, in the order of their ids
   * @param layerBytes of {@code diskProcessed}, those of layers sent before the mirrors began
   */
  record MoveProgress(
      long memoryTotal,
      long memoryProcessed,
      long memoryRemaining,
      long diskTotal,
      long diskProcessed,
      long diskRemaining,
      List<DiskProgress> disks,
      MemoryPace memory,
      long layerBytes) {
    public MoveProgress {
      disks = List.copyOf(disks);
    }

    /** Of disks and memory, no layer having been sent. */
    public MoveProgress(
        long memoryTotal,
        long memoryProcessed,
        long memoryRemaining,
        long diskTotal,
        long diskProcessed,
        long diskRemaining,
        List<DiskProgress> disks,
        MemoryPace memory) {
      this(
          memoryTotal,
          memoryProcessed,
          memoryRemaining,
          diskTotal,
          diskProcessed,
          diskRemaining,
          disks,
          memory,
          0);
    }

    /** Of layers alone, before any disk or memory moves. */
    public static MoveProgress ofLayers(long total, long sent) {
      return new MoveProgress(
          0, 0, 0, total, sent, Math.max(0, total - sent), List.of(), MemoryPace.NONE, sent);
    }

    /** The same, after so many bytes of layers had been moved. */
    public MoveProgress after(long layerBytes) {
      return new MoveProgress(
          memoryTotal,
          memoryProcessed,
          memoryRemaining,
          diskTotal + layerBytes,
          diskProcessed + layerBytes,
          diskRemaining,
          disks,
          memory,
          layerBytes + this.layerBytes);
    }
  }

  /**
   * One disk's mirror.
   *
   * @param offset bytes copied
   * @param length bytes to copy in all; grows while the guest writes
   * @param bytesPerSecond the limit it is held to, 0 for none
   * @param ready both sides are alike, and each write goes to both
   */
  record DiskProgress(
      String diskId, long offset, long length, long bytesPerSecond, boolean ready) {}

  /**
   * How memory moves, in QEMU's own figures; all of it 0 before it does.
   *
   * @param passes over memory, the one under way included
   * @param bytesPerSecond sent, as measured last
   * @param dirtyBytesPerSecond written by the guest, as measured last
   * @param throttlePercent of its time that the guest is kept from running, to let memory converge
   */
  record MemoryPace(
      long passes, long bytesPerSecond, long dirtyBytesPerSecond, int throttlePercent) {
    public static final MemoryPace NONE = new MemoryPace(0, 0, 0, 0);
  }

  /**
   * When QEMU at the source said what, each by its own event stamp, empty when it was not heard.
   * All are of one clock: the source's.
   *
   * @param stopped the guest's processors stand
   * @param preSwitchover what is left of memory is known, and QEMU waits to be let on
   * @param mirrored the last mirror ended, both sides alike
   * @param sent all of the guest has left
   */
  record LeavingStamps(
      Optional<Instant> stopped,
      Optional<Instant> preSwitchover,
      Optional<Instant> mirrored,
      Optional<Instant> sent) {
    public static final LeavingStamps NONE =
        new LeavingStamps(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * When QEMU at the destination said what, by its own stamps; empty when it was not heard.
   *
   * @param loaded all of the guest is there
   * @param resumed its processors run; empty too when it is kept paused
   */
  record ArrivalStamps(Optional<Instant> loaded, Optional<Instant> resumed) {
    public static final ArrivalStamps NONE = new ArrivalStamps(Optional.empty(), Optional.empty());
  }

  /** Durable before the guest may run anywhere else. Throwing leaves the guest here. */
  @FunctionalInterface
  interface HandOverRecord {
    void recordHandedOver() throws java.io.IOException;
  }

  /** What has to be before a guest that came may run here. */
  @FunctionalInterface
  interface ArrivalPermit {
    /** Durable before the guest runs here. Throwing leaves it paused. */
    void recordArrived() throws java.io.IOException;

    /**
     * Completed once the source's QEMU cannot run the guest by itself any more: it has said that
     * its migration is completed, or its host is known to be dead. Asked for, before the record,
     * where {@link IncomingEndpoints#awaitsSource}; for a mover that never uses post-copy it always
     * is.
     */
    default CompletableFuture<Void> sourceLetGo() {
      return CompletableFuture.completedFuture(null);
    }
  }

  /** What came of an attempt to move the guest's memory, as the source's QEMU knows it. */
  sealed interface HandOver {
    record Sent(LeavingStamps stamps, MoveProgress moved) implements HandOver {}

    /** The guest never left and runs here. */
    record Stayed(String reason) implements HandOver {}

    /**
     * Recorded as handed over, and QEMU's state since is not known, or QEMU says failed. The guest
     * is paused here.
     *
     * @param letGo true: QEMU has ended, and had not failed before, so that it did not run the
     *     guest again and never will; false: its migration has failed; empty: it may still do
     *     either
     */
    record Unknown(String reason, Optional<Boolean> letGo) implements HandOver {
      public Unknown(String reason) {
        this(reason, Optional.empty());
      }
    }
  }

  /** What came of an incoming migration. */
  sealed interface Arrival {
    /** The guest runs here, or is kept paused. */
    record Running(ArrivalStamps stamps) implements Arrival {}

    record Failed(String reason) implements Arrival {}
  }
}
