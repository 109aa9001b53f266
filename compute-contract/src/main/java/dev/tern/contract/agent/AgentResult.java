package dev.tern.contract.agent;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.PolicyParts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a finished request learned. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface AgentResult {
  record Nothing() implements AgentResult {}

  /**
   * What had come of a server's disks is put aside.
   *
   * @param directory where, on its host; empty when nothing had come
   */
  record DisksKept(Optional<String> directory) implements AgentResult {}

  /**
   * The frozen description of a guest that is to move, made by its host.
   *
   * @param recipe the launch recipe as JSON, opaque to all but agents, used word for word on the
   *     destination
   * @param hypervisorVersion {@code major * 1_000_000 + minor * 1_000 + micro}
   * @param images every base, kernel and ramdisk the recipe names by content
   * @param layers every file the recipe names by content, images or not
   * @param paused the guest is paused by its user and stays so
   * @param policy what its host wishes for guests that leave it
   * @param suppressVmdesc its QEMU can end the stream with the last byte that the destination needs
   */
  record SourceFacts(
      String recipe,
      String hypervisorType,
      int hypervisorVersion,
      String machineType,
      String accelerator,
      int vcpus,
      long memoryMib,
      List<DiskFacts> disks,
      List<ImageRef> images,
      List<ImmutableFile> layers,
      boolean paused,
      Optional<PolicyParts> policy,
      boolean suppressVmdesc)
      implements AgentResult {
    public SourceFacts {
      layers = List.copyOf(layers);
      disks = List.copyOf(disks);
      images = List.copyOf(images);
    }

    /** The same, with each disk's way to the destination. */
    public SourceFacts planned(List<DiskFacts> planned) {
      return new SourceFacts(
          recipe,
          hypervisorType,
          hypervisorVersion,
          machineType,
          accelerator,
          vcpus,
          memoryMib,
          planned,
          images,
          layers,
          paused,
          policy,
          suppressVmdesc);
    }

    /** Bytes of local disks that the destination will have to hold beside its instances. */
    public long allocatedBytes() {
      return local().mapToLong(DiskFacts::arrivingBytes).sum();
    }

    /** Bytes the guest could make of them. */
    public long virtualBytes() {
      return local().mapToLong(DiskFacts::virtualBytes).sum();
    }

    /** But those put in a storage: of the room there, only the destination's agent knows. */
    private Stream<DiskFacts> local() {
      return disks.stream()
          .filter(disk -> disk.kind() == DiskKind.LOCAL)
          .filter(disk -> disk.place().flatMap(DiskPlace::storage).isEmpty());
    }
  }

  /**
   * One disk of a guest that is to move.
   *
   * @param allocatedBytes of the top layer, as this host's file system counts them
   * @param layerBytes likewise, of all layers below
   * @param baseSha256 the nearest layer below, by content
   * @param shape of a qcow2
   * @param way how it gets to the destination, once that is planned
   * @param layers all layers below, the nearest first; empty when its host's agent is too old to
   *     say
   * @param place where the request wants it on the destination; empty is as usual
   */
  record DiskFacts(
      String id,
      DiskKind kind,
      String format,
      long virtualBytes,
      long allocatedBytes,
      long layerBytes,
      Optional<String> baseSha256,
      boolean encrypted,
      Optional<DiskShape> shape,
      Optional<Way> way,
      Optional<List<DiskLayer>> layers,
      Optional<DiskPlace> place) {
    public DiskFacts {
      layers = layers.map(List::copyOf);
    }

    /** One that is put where it is usual. */
    public DiskFacts(
        String id,
        DiskKind kind,
        String format,
        long virtualBytes,
        long allocatedBytes,
        long layerBytes,
        Optional<String> baseSha256,
        boolean encrypted,
        Optional<DiskShape> shape,
        Optional<Way> way,
        Optional<List<DiskLayer>> layers) {
      this(
          id,
          kind,
          format,
          virtualBytes,
          allocatedBytes,
          layerBytes,
          baseSha256,
          encrypted,
          shape,
          way,
          layers,
          Optional.empty());
    }

    /** The same, planned. */
    public DiskFacts going(Way planned) {
      return with(Optional.of(planned), place);
    }

    /** The same, put elsewhere on the destination. */
    public DiskFacts at(DiskPlace there) {
      return with(way, Optional.of(there));
    }

    private DiskFacts with(Optional<Way> planned, Optional<DiskPlace> there) {
      return new DiskFacts(
          id,
          kind,
          format,
          virtualBytes,
          allocatedBytes,
          layerBytes,
          baseSha256,
          encrypted,
          shape,
          planned,
          layers,
          there);
    }

    /** What the destination will have to hold in it, layers apart. */
    public long arrivingBytes() {
      return way.equals(Optional.of(Way.FULL)) ? bytesToMove() : allocatedBytes;
    }

    /** What has to move, as far as anyone can say before. */
    public long bytesToMove() {
      return switch (way.orElse(Way.SKIP)) {
        case FULL -> Math.min(virtualBytes, allocatedBytes + layerBytes);
        case TOP -> allocatedBytes;
        case CHAIN -> allocatedBytes + layerBytes;
        case SKIP -> 0;
      };
    }
  }

  /**
   * A file below a disk.
   *
   * @param allocatedBytes as its host's file system counts them
   */
  record DiskLayer(String sha256, String format, long allocatedBytes) {}

  /**
   * Passphrases under the key of one migration; nobody else can open them.
   *
   * @param byDisk by disk id, in base 64
   */
  record SealedSecrets(Map<String, String> byDisk) implements AgentResult {
    public SealedSecrets {
      byDisk = Map.copyOf(byDisk);
    }
  }

  /**
   * @param publicHalf of a key that is used for the console log and nothing else
   */
  record ConsoleWanted(String publicHalf) implements AgentResult {}

  /**
   * What a guest said before it moved; nobody but the host that wanted it can open it.
   *
   * @param publicHalf the source's
   * @param sealed in base 64
   */
  record SealedConsole(String publicHalf, String sealed) implements AgentResult {
    @Override
    public String toString() {
      return "SealedConsole[%d characters]".formatted(sealed.length());
    }
  }

  /**
   * @param text ends with what was said last; bytes that are no UTF-8 are replaced
   */
  record ConsoleOutput(String text) implements AgentResult {}

  /** What a disk is. */
  enum DiskKind {
    /** Its data is on its host alone. */
    LOCAL,
    /** A file nobody writes to, the same wherever it is. */
    READ_ONLY,
    /** A volume that another machine serves; attached by the same address wherever the guest is. */
    NETWORK
  }

  /** How a disk gets to the destination. */
  enum Way {
    /** All that the guest sees of it, into a file that lies on nothing. */
    FULL,
    /** Its top layer; the destination has, or is given, equal layers below. */
    TOP,
    /**
     * All its layers, from this host and no image service; the destination keeps those it has by
     * content.
     */
    CHAIN,
    /** Nothing of it is copied. */
    SKIP
  }

  /**
   * What of a qcow2 the guest cannot see, and the destination's file has too.
   *
   * @param compat {@code 0.10} or {@code 1.1}
   */
  record DiskShape(int clusterBytes, String compat) {}

  /**
   * A file that is the same wherever it is.
   *
   * @param sizeBytes its length
   */
  record ImmutableFile(String sha256, long sizeBytes) {}

  /**
   * The files that a cold migration moves as they are: the uppermost layer of each local disk.
   *
   * @param byDisk by disk id
   */
  record ColdDisks(Map<String, ImmutableFile> byDisk) implements AgentResult {
    public ColdDisks {
      byDisk = Map.copyOf(byDisk);
    }

    /** The length of each file, by disk id. */
    public Map<String, Long> bytes() {
      return byDisk.entrySet().stream()
          .collect(
              Collectors.toUnmodifiableMap(
                  Map.Entry::getKey, entry -> entry.getValue().sizeBytes()));
    }
  }

  /**
   * What the destination lacks and cannot fetch.
   *
   * @param exports unguessable names of exports, by the digest of the file to be written there
   */
  record LayersWanted(String address, int port, Map<String, String> exports)
      implements AgentResult {
    public LayersWanted {
      exports = Map.copyOf(exports);
    }

    /** Nothing. */
    public static LayersWanted none() {
      return new LayersWanted("", 0, Map.of());
    }
  }

  /**
   * @param bytes of the layers sent, holes left out
   */
  record LayersSent(long bytes) implements AgentResult {}

  /**
   * @param probeFile a file name in the instances directory; a source that sees it shares the
   *     directory
   * @param neededBytes for disks and missing bases, with margin
   * @param missingImages digests this host lacks, or has not compared with their names since they
   *     changed
   * @param absent of these, what it lacks; empty when its agent is too old to say
   * @param files the path each local disk will have there, by disk id; empty when its agent is too
   *     old to say, and would put them where it is usual
   */
  record DestinationFacts(
      String probeFile,
      long neededBytes,
      long freeBytes,
      List<String> missingImages,
      Optional<List<String>> absent,
      Optional<Map<String, String>> files)
      implements AgentResult {
    public DestinationFacts {
      missingImages = List.copyOf(missingImages);
      absent = absent.map(List::copyOf);
      files = files.map(Map::copyOf);
    }
  }

  /**
   * One host's half of a migration's key.
   *
   * @param publicHalf may be read by anyone; empty from a host that is told to send and receive in
   *     plaintext
   */
  record KeyOffer(Optional<String> publicHalf) implements AgentResult {}

  /**
   * @param exports per disk id, unguessable names
   * @param suppressVmdesc QEMU there expects nothing behind the last byte that it needs, so the
   *     source's must write nothing there; else it must
   * @param awaitsSource the guest is let run only when its source has let go, so that the source
   *     may use post-copy
   */
  record IncomingReady(
      String address,
      int nbdPort,
      int migrationPort,
      Map<String, String> exports,
      boolean suppressVmdesc,
      Optional<Boolean> awaitsSource)
      implements AgentResult {
    public IncomingReady {
      exports = Map.copyOf(exports);
    }

    /** Of a guest that does not come by post-copy. */
    public IncomingReady(
        String address,
        int nbdPort,
        int migrationPort,
        Map<String, String> exports,
        boolean suppressVmdesc) {
      this(address, nbdPort, migrationPort, exports, suppressVmdesc, Optional.empty());
    }
  }

  /**
   * @param sent false: the guest runs at the source for {@code reason}; true: it will never run
   *     there again unless the destination is dead, and only the destination can say that it
   *     arrived
   * @param stamps of the way out, when it was watched
   * @param moved all that was sent, as far as this agent saw it: reports on the way may be lost,
   *     this answer is asked for until it comes
   * @param letGo true: its QEMU has said that everything is sent, or has ended and had not failed,
   *     so that it cannot run the guest by itself any more; false: it has failed, or ended and may
   *     have failed before; empty: it is at it
   */
  record HandedOver(
      boolean sent,
      String reason,
      Optional<LeavingStamps> stamps,
      Optional<MigrationProgress> moved,
      Optional<Boolean> letGo)
      implements AgentResult {
    /** From which the guest may still come home by itself, if it was sent at all. */
    public HandedOver(
        boolean sent,
        String reason,
        Optional<LeavingStamps> stamps,
        Optional<MigrationProgress> moved) {
      this(sent, reason, stamps, moved, Optional.empty());
    }
  }

  /**
   * @param stamps of the way in, when it was watched
   */
  record Arrived(Optional<ArrivalStamps> stamps) implements AgentResult {}

  /**
   * Who runs the guest, as far as this host's QEMU and journal know.
   *
   * @param missing what it still lacks of its memory; empty when nothing. At a source whose process
   *     ended and is not known to have sent everything: {@code CUT_OFF}
   * @param letGo of a guest that was handed over: as in {@link HandedOver}
   */
  record GuestReport(
      Runner runner,
      long epoch,
      String detail,
      Optional<MissingMemory> missing,
      Optional<Boolean> letGo)
      implements AgentResult {
    /** With all its memory, if it is here. */
    public GuestReport(Runner runner, long epoch, String detail) {
      this(runner, epoch, detail, Optional.empty());
    }

    /** With what it lacks. */
    public GuestReport(Runner runner, long epoch, String detail, Optional<MissingMemory> missing) {
      this(runner, epoch, detail, missing, Optional.empty());
    }

    /** What a guest lacks that arrived by post-copy. */
    public enum MissingMemory {
      COMING,
      /** Its link broke: only the source's QEMU can bring it. */
      CUT_OFF
    }

    public enum Runner {
      /** Its processors run here. */
      RUNNING,
      /** Here, paused by its user. */
      PAUSED,
      /** Here, defined, without a process. */
      STOPPED,
      /** Here, as a file with its memory: it goes on when it is resumed. */
      SUSPENDED,
      /** An incoming copy that has not arrived. */
      INCOMING,
      /** Was here; recorded as handed over; paused. */
      HANDED_OVER,
      /**
       * A copy was here, its process is gone, and a durable record keeps it from ever starting in
       * this epoch.
       */
      DEAD,
      /** Nothing known of it here. */
      ABSENT,
      /** Its process is here, and QEMU says that it cannot go on; see {@code detail}. */
      BROKEN,
      /**
       * This host cannot tell now: its record cannot be read, or QEMU does not answer. The guest
       * may run; see {@code detail}. Nothing may be concluded from it.
       */
      UNKNOWN
    }
  }

  /** A server's disks as they are now. */
  record DiskReport(List<Disk> disks) implements AgentResult {
    public DiskReport {
      disks = List.copyOf(disks);
    }
  }

  /**
   * One disk.
   *
   * @param node what QEMU calls it; empty while no guest runs
   * @param file its path on the host
   * @param storage the directory of the host it is in, by name; empty is the instance's own
   * @param cache as QEMU's command line spells it
   * @param device QEMU's path of the device; empty while no guest runs
   */
  record Disk(
      String id,
      Optional<String> node,
      String file,
      Optional<String> storage,
      String format,
      String cache,
      Optional<String> device,
      long virtualBytes,
      long allocatedBytes) {}

  /**
   * What a disk consists of.
   *
   * @param layers top first
   */
  record ChainReport(String disk, List<LayerFacts> layers) implements AgentResult {
    public ChainReport {
      layers = List.copyOf(layers);
    }
  }

  /**
   * One file of a disk.
   *
   * @param sha256 of the file; empty where the guest may write
   * @param compat of a qcow2: {@code 0.10} or {@code 1.1}
   */
  record LayerFacts(
      String file,
      String format,
      Optional<String> sha256,
      long virtualBytes,
      long allocatedBytes,
      long fileBytes,
      Optional<String> compat,
      boolean lazyRefcounts,
      boolean corrupt) {}

  /**
   * The digest of all bytes a guest sees of a disk.
   *
   * @param bytes how many that are
   */
  record DiskDigest(String sha256, long bytes) implements AgentResult {}

  /**
   * How far a copy is.
   *
   * @param totalBytes to copy as far as known; grows as the guest writes
   * @param limit bytes per second, 0 is unlimited
   * @param file its path on the host, when there is one
   * @param error why it failed
   */
  record CopyReport(
      CopyState state,
      long totalBytes,
      long copiedBytes,
      long limit,
      Optional<String> file,
      Optional<String> error)
      implements AgentResult {}

  /** Where a copy stands. */
  enum CopyState {
    ABSENT,
    RUNNING,
    READY,
    /** The disk is the copy. */
    PIVOTED,
    /** A point in time; the disk is where it was. */
    FINISHED,
    FAILED
  }

  /**
   * A new immutable layer.
   *
   * @param sha256 its name
   * @param bytes its length
   */
  record DiskFrozen(String sha256, long bytes) implements AgentResult {}

  /**
   * A volume as its server says it is.
   *
   * @param bytes its size
   * @param port the guest's hot-plug port it is, or would be, plugged into, from 1
   */
  record VolumeThere(long bytes, int port) implements AgentResult {}
}
