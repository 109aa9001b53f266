package dev.tern.virt.qmp;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Every command this driver sends. {@code QmpSchemaQemuPromiseTest} holds them to QEMU's own
 * schema.
 */
public final class Commands {
  private Commands() {}

  /** The names of all of them on the wire. */
  public static List<String> names() {
    return Arrays.stream(Commands.class.getDeclaredClasses())
        .filter(c -> c.isRecord() && QmpCommand.class.isAssignableFrom(c))
        .map(QmpJson::commandName)
        .toList();
  }

  // ---- the connection

  /** Ends the negotiation; {@code oob} lets {@code yank} pass a stuck main loop. */
  public record QmpCapabilities(List<String> enable) implements QmpCommand<Void> {}

  // ---- the machine

  public record QueryStatus() implements Query<Status> {}

  /** QEMU's run state in its own words. */
  public record Status(String status, boolean running) {}

  public record QueryVersion() implements Query<Version> {}

  /** Which QEMU this is. */
  public record Version(Triple qemu) {
    /** Its numbers. */
    public record Triple(int major, int minor, int micro) {}
  }

  public record QueryMachines() implements Query<List<Machine>> {}

  /** A machine type. */
  public record Machine(String name, @Nullable String alias, boolean deprecated) {}

  public record QueryCpuDefinitions() implements Query<List<CpuModel>> {}

  /** A processor model. */
  public record CpuModel(String name) {}

  /** All properties of a processor model, as a guest would get it here. */
  public record QueryCpuModelExpansion(String type, Model model) implements Query<CpuExpansion> {
    /** Which model. */
    public record Model(String name) {}

    public static QueryCpuModelExpansion full(String model) {
      return new QueryCpuModelExpansion("full", new Model(model));
    }
  }

  /** What a model comes to. */
  public record CpuExpansion(Expanded model) {
    /** Features are true or false; other properties are numbers and texts. */
    public record Expanded(String name, Map<String, JsonNode> props) {}
  }

  public record QueryKvm() implements Query<Kvm> {}

  /** Whether KVM runs the guest. */
  public record Kvm(boolean enabled, boolean present) {}

  public record QueryCommands() implements Query<List<CommandName>> {}

  /** A command QEMU knows. */
  public record CommandName(String name) {}

  public record QueryQmpSchema() implements Query<JsonNode> {}

  public record Cont() implements QmpCommand<Void> {}

  public record Stop() implements QmpCommand<Void> {}

  public record SystemPowerdown() implements QmpCommand<Void> {}

  public record Quit() implements QmpCommand<Void> {}

  // ---- disks

  public record QueryBlock() implements Query<List<BlockDevice>> {}

  /** A device and what it holds; {@code qdev} is the device's path. */
  public record BlockDevice(@Nullable String qdev, @Nullable Inserted inserted) {}

  /**
   * The node a device reads.
   *
   * @param bps_wr bytes per second the guest may write; 0 is unlimited
   */
  @SuppressWarnings("MemberName") // QEMU's own spelling
  public record Inserted(String nodeName, Cache cache, long bps_wr) {}

  /** How a device's data is cached on the host. */
  public record Cache(boolean writeback, boolean direct, boolean noFlush) {
    /** As {@code -drive cache=} spells it; whether the guest flushes is its own affair. */
    public String name() {
      return noFlush ? "unsafe" : direct ? "none" : "writeback";
    }
  }

  public record QueryNamedBlockNodes(boolean flat) implements Query<List<NodeState>> {}

  /** A node as it is now. */
  public record NodeState(
      String nodeName,
      String drv,
      boolean ro,
      @Nullable String file,
      @JsonProperty("backing_file") @Nullable String backingFile,
      boolean encrypted,
      @Nullable List<DirtyBitmap> dirtyBitmaps,
      ImageState image) {}

  /**
   * A bitmap of a node.
   *
   * @param name none of those that QEMU's own jobs use
   * @param inconsistent it was not stored in good order; nothing can be done with it but to remove
   *     it
   * @param count bytes that are marked
   */
  public record DirtyBitmap(
      @Nullable String name,
      boolean persistent,
      boolean recording,
      boolean busy,
      @Nullable Boolean inconsistent,
      long count) {}

  /** A bitmap of what is written to a node from now on; a persistent one is stored in its qcow2. */
  public record BlockDirtyBitmapAdd(String node, String name, boolean persistent)
      implements QmpCommand<Void> {}

  public record BlockDirtyBitmapRemove(String node, String name) implements QmpCommand<Void> {}

  /** Copies a node as it is now, by {@code sync} all of it or what the bitmap marks. */
  public record BlockdevBackup(
      String jobId,
      String device,
      String target,
      String sync,
      String bitmap,
      String bitmapMode,
      @Nullable Long speed,
      boolean autoDismiss,
      boolean autoFinalize,
      String filterNodeName,
      String onSourceError,
      String onTargetError)
      implements QmpCommand<Void> {
    /** One that an error stops, and whose end waits for {@link JobFinalize}: as with a mirror. */
    public BlockdevBackup(
        String jobId,
        String device,
        String target,
        String sync,
        String bitmap,
        String bitmapMode,
        @Nullable Long speed,
        String filterNodeName) {
      this(
          jobId,
          device,
          target,
          sync,
          bitmap,
          bitmapMode,
          speed,
          false,
          false,
          filterNodeName,
          BlockdevMirror.STOP,
          BlockdevMirror.STOP);
    }
  }

  /** Its image. */
  public record ImageState(String format, long virtualSize, @Nullable Long actualSize) {}

  /** Adds a node; connects to the other host when it is an export. */
  public record BlockdevAdd(@JsonValue BlockNode node) implements QmpCommand<Void> {
    @Override
    public Pace pace() {
      return Pace.NETWORK;
    }
  }

  public record BlockdevDel(String nodeName) implements QmpCommand<Void> {}

  /** Plugs a disk's device in; {@code drive} is its node, {@code addr} the slot on its bus. */
  public record DeviceAdd(String driver, String id, String bus, String addr, String drive)
      implements QmpCommand<Void> {}

  /** Asks the guest to let go of a device; {@code DEVICE_DELETED} tells when it has. */
  public record DeviceDel(String id) implements QmpCommand<Void> {}

  // ---- exports

  public record NbdServerStart(SocketAddress addr, @Nullable String tlsCreds)
      implements QmpCommand<Void> {}

  /** Where a server listens, in QEMU's nested spelling. */
  public record SocketAddress(String type, SocketData data) {
    public SocketAddress(String host, int port) {
      this("inet", new Inet(host, Integer.toString(port)));
    }

    /** A listening socket that was passed under this name. */
    public static SocketAddress passed(String name) {
      return new SocketAddress("fd", new Descriptor(name));
    }
  }

  public sealed interface SocketData {}

  /** Host and port. */
  public record Inet(String host, String port) implements SocketData {}

  /** A socket's name. */
  public record Descriptor(String str) implements SocketData {}

  /** Names the socket that came with this command; it belongs to this connection. */
  public record Getfd(String fdname) implements QmpCommand<Void> {}

  /** Closes such a socket. */
  public record Closefd(String fdname) implements QmpCommand<Void> {}

  public record NbdServerStop() implements QmpCommand<Void> {}

  public record BlockExportAdd(
      String type, String id, String nodeName, String name, boolean writable)
      implements QmpCommand<Void> {}

  public record QueryBlockExports() implements Query<List<Export>> {}

  /** One export. */
  public record Export(String id, String nodeName, boolean shuttingDown) {}

  // ---- mirrors

  /**
   * Copies a node to another, and then what is written to it.
   *
   * <p>An I/O error stops this job, and none ends by itself: QEMU 7.2 gets its nodes' reference
   * counts wrong when a filter goes away while it stops the guest, and dies of that, or keeps the
   * filter (docs/qemu.md).
   */
  public record BlockdevMirror(
      String jobId,
      String device,
      String target,
      String sync,
      String filterNodeName,
      @Nullable Long speed,
      boolean autoDismiss,
      @Nullable Boolean autoFinalize,
      @Nullable String copyMode,
      @Nullable Long bufSize,
      String onSourceError,
      String onTargetError)
      implements QmpCommand<Void> {
    private static final String STOP = "stop";

    /** One whose end waits for {@link JobFinalize}, and which copies what is written later. */
    public BlockdevMirror(
        String jobId,
        String device,
        String target,
        String sync,
        String filterNodeName,
        @Nullable Long speed) {
      this(
          jobId, device, target, sync, filterNodeName, speed, false, false, null, null, STOP, STOP);
    }

    /** One that ends when it is told to, without being asked again. */
    public BlockdevMirror(
        String jobId,
        String device,
        String target,
        String sync,
        String filterNodeName,
        @Nullable Long speed,
        String copyMode,
        @Nullable Long bufSize) {
      this(
          jobId,
          device,
          target,
          sync,
          filterNodeName,
          speed,
          false,
          null,
          copyMode,
          bufSize,
          STOP,
          STOP);
    }
  }

  /** Lets a ready mirror's device go on with the target. */
  public record BlockJobComplete(String device) implements QmpCommand<Void> {}

  /** Lets a job end that was started not to end by itself. */
  public record JobFinalize(String id) implements QmpCommand<Void> {}

  /** Puts a node on top of another, which is read-only from then on. */
  public record BlockdevSnapshot(String node, String overlay) implements QmpCommand<Void> {}

  /** Ends a ready mirror, leaving both sides alike; with {@code force}, drops it as it is. */
  public record BlockJobCancel(String device, @Nullable Boolean force)
      implements QmpCommand<Void> {}

  public record BlockJobSetSpeed(String device, long speed) implements QmpCommand<Void> {}

  /**
   * Limits what a device may read and write a second; 0 is unlimited. QEMU spells its arguments
   * with an underscore, and wants all of them.
   */
  @SuppressWarnings("MemberName") // QEMU's own spelling
  public record BlockSetIoThrottle(
      String id, long bps, long bps_rd, long bps_wr, long iops, long iops_rd, long iops_wr)
      implements QmpCommand<Void> {
    /** Writes only: bytes, and how many writes. */
    public BlockSetIoThrottle(String id, long writtenPerSecond, long writesPerSecond) {
      this(id, 0, 0, writtenPerSecond, 0, 0, writesPerSecond);
    }
  }

  public record QueryBlockJobs() implements Query<List<BlockJob>> {}

  /** A block job that has not been dismissed. */
  public record BlockJob(
      String device,
      long len,
      long offset,
      @Nullable Long speed,
      boolean ready,
      String ioStatus,
      String status) {
    /**
     * What an I/O error that stopped it was; empty for one that works. A guest that is told to run
     * sets the error aside, and its job stands still all the same.
     */
    public Optional<String> stoppedBy() {
      return switch (ioStatus) {
        case "ok" ->
            status.equals("paused") || status.equals("standby")
                ? Optional.of("it met an I/O error")
                : Optional.empty();
        case "nospace" -> Optional.of("No space left on device");
        default -> Optional.of("Input/output error");
      };
    }
  }

  public record QueryJobs() implements Query<List<Job>> {}

  /** A job, concluded or not; {@code error} says why it failed. */
  public record Job(String id, String type, String status, @Nullable String error) {}

  public record JobDismiss(String id) implements QmpCommand<Void> {}

  // ---- memory

  public record MigrateSetCapabilities(List<CapabilityState> capabilities)
      implements QmpCommand<Void> {}

  public record QueryMigrateCapabilities() implements Query<List<CapabilityState>> {}

  /** A migration capability. */
  public record CapabilityState(String capability, boolean state) {}

  /**
   * Parameters outlive a migration, so each migration sets all that any of them sets; what is null
   * stays as it is.
   */
  public record MigrateSetParameters(
      @Nullable Long maxBandwidth,
      @Nullable Long maxPostcopyBandwidth,
      @Nullable Long downtimeLimit,
      @Nullable Integer cpuThrottleInitial,
      @Nullable Integer cpuThrottleIncrement,
      @Nullable Integer maxCpuThrottle,
      @Nullable Integer multifdChannels,
      @Nullable String multifdCompression,
      @Nullable String tlsCreds,
      @Nullable String tlsHostname,
      @Nullable String tlsAuthz)
      implements QmpCommand<Void> {}

  public record MigrateIncoming(String uri) implements QmpCommand<Void> {}

  /** Begins, or with {@code resume} takes up a post-copy whose connection broke. */
  public record Migrate(String uri, @Nullable Boolean resume) implements QmpCommand<Void> {
    public Migrate(String uri) {
      this(uri, null);
    }

    @Override
    public Pace pace() {
      return Pace.NETWORK;
    }
  }

  /** The switch to post-copy at QEMU's next look; with a pause before it, if that is set. */
  public record MigrateStartPostcopy() implements QmpCommand<Void> {}

  /** Breaks off the connection of a post-copy, so that it can be taken up over another. */
  public record MigratePause() implements QmpCommand<Void> {
    @Override
    public boolean outOfBand() {
      return true;
    }
  }

  /** Listens anew at the destination of a post-copy whose connection broke. */
  public record MigrateRecover(String uri) implements QmpCommand<Void> {
    @Override
    public boolean outOfBand() {
      return true;
    }
  }

  public record MigrateContinue(String state) implements QmpCommand<Void> {}

  public record MigrateCancel() implements QmpCommand<Void> {}

  /** Has each network card say where it is, {@code rounds} times; all times in milliseconds. */
  public record AnnounceSelf(long initial, long max, long rounds, long step)
      implements QmpCommand<Void> {}

  public record QueryMigrate() implements Query<MigrationState> {}

  /**
   * Where a migration, outgoing or incoming, stands; all of it is absent when there never was one.
   */
  public record MigrationState(
      @Nullable String status,
      @Nullable Ram ram,
      int cpuThrottlePercentage,
      @Nullable String errorDesc,
      @Nullable List<Map<String, Object>> socketAddress) {}

  /**
   * Memory moved.
   *
   * @param mbps what the last look found sent, in millions of bits a second
   * @param dirtyPagesRate pages the guest made dirty in the last second
   * @param dirtySyncCount passes begun
   */
  public record Ram(
      long total,
      long transferred,
      long remaining,
      double mbps,
      long dirtyPagesRate,
      long pageSize,
      long dirtySyncCount) {}

  // ---- what the guest writes

  /**
   * Begins to measure how much memory the guest makes dirty: samples of it are compared with
   * themselves after so many seconds. Refused while that is measured already.
   *
   * @param samplePages of each GiB, 128 to 4096; null for QEMU's usual 512; since 6.1
   */
  public record CalcDirtyRate(long calcTime, @Nullable Integer samplePages)
      implements QmpCommand<Void> {}

  public record QueryDirtyRate() implements Query<DirtyRate> {}

  /**
   * What was measured last.
   *
   * @param status {@code unstarted}, {@code measuring}, {@code measured}
   * @param dirtyRate MiB a second; absent until it is measured
   */
  public record DirtyRate(String status, @Nullable Long dirtyRate) {}

  public record QueryMemorySizeSummary() implements Query<MemorySize> {}

  /** The guest's memory in bytes. */
  public record MemorySize(long baseMemory) {}

  public record QueryBlockstats() implements Query<List<BlockStats>> {}

  /** What was done to a device since its QEMU began; {@code qdev} is the device's path. */
  public record BlockStats(@Nullable String qdev, Stats stats) {}

  /** Of the guest alone, as mirrors are nobody's device. */
  public record Stats(@JsonProperty("wr_bytes") long wrBytes) {}

  // ---- keys

  /**
   * Makes credentials from the files in {@code dir}: of all that is secret in them the monitor sees
   * only the path.
   *
   * @param username whose key a client uses
   * @param priority what GnuTLS may negotiate, in its own words
   */
  public record ObjectAdd(
      String qomType,
      String id,
      String endpoint,
      String dir,
      @Nullable String username,
      String priority,
      boolean verifyPeer)
      implements QmpCommand<Void> {}

  public record ObjectDel(String id) implements QmpCommand<Void> {}

  public record QomList(String path) implements Query<List<QomProperty>> {}

  /** Sets a property of an object. */
  public record QomSet(String path, String property, boolean value) implements QmpCommand<Void> {}

  /** What is below a path. */
  public record QomProperty(String name, String type) {}

  // ---- what is stuck

  public record QueryYank() implements Query<List<YankInstance>> {
    @Override
    public boolean outOfBand() {
      return true;
    }
  }

  /** Shuts connections that hang; passes a stuck main loop. */
  public record Yank(List<YankInstance> instances) implements QmpCommand<Void> {
    @Override
    public boolean outOfBand() {
      return true;
    }
  }

  /** A connection that can be shut. */
  public record YankInstance(String type, @Nullable String nodeName) {}

  /** A command that only looks. */
  public interface Query<R> extends QmpCommand<R> {
    @Override
    default Pace pace() {
      return Pace.QUERY;
    }
  }
}
