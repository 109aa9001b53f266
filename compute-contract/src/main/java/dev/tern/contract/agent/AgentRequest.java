package dev.tern.contract.agent;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * One thing to do, asked of the agent of one host. A request names the state to reach, so asking
 * again is safe: the agent starts the work at the first, and answers {@link AgentAnswer.Working} or
 * the result at each that follows. The agent keeps the highest epoch per server in its journal and
 * refuses requests of a lower one.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface AgentRequest {

  Header header();

  /**
   * @param epoch rises with every operation accepted for the server
   */
  record Header(RequestId request, ServerId server, long epoch, Optional<MigrationId> migration) {}

  // ---- a server's life
  // -----------------------------------------------------------------------------------------------------------

  /**
   * Fetches images, creates disks and writes the recipe. Done: {@link AgentResult.Nothing}. The
   * guest does not run yet.
   */
  record BuildServer(Header header, ServerSpec spec) implements AgentRequest {}

  /** Done when the guest runs. */
  record StartServer(Header header) implements AgentRequest {}

  /**
   * Done when no QEMU of the server is left here.
   *
   * @param grace for the guest to power off by itself
   */
  record StopServer(Header header, Duration grace) implements AgentRequest {}

  /**
   * Ends the guest's QEMU, if there is one, and starts it anew; asked again in the same epoch it is
   * one reboot. Done when the guest runs.
   *
   * @param grace for the guest to power off by itself
   */
  record RebootServer(Header header, Duration grace) implements AgentRequest {}

  /**
   * The guest's processors stand until {@link UnpauseServer}. Done: {@link
   * AgentResult.GuestReport}, of a guest that is paused, or of one that cannot be.
   */
  record PauseServer(Header header) implements AgentRequest {}

  /**
   * The guest's processors run. Done: {@link AgentResult.GuestReport}, of a guest that runs, or of
   * one that cannot.
   */
  record UnpauseServer(Header header) implements AgentRequest {}

  /**
   * The guest's memory goes into a file of this host, and its QEMU ends. Done: {@link
   * AgentResult.GuestReport}, of a guest that is suspended, or of one that has ended. Refused with
   * {@code INSTANCE_INVALID_STATE} when it could not be: the guest runs on.
   */
  record SuspendServer(Header header) implements AgentRequest {}

  /**
   * The suspended guest goes on where it was. Done: {@link AgentResult.GuestReport}, of a guest
   * that runs, or of one that has ended. Refused with {@code INSTANCE_INVALID_STATE} when it could
   * not be: the guest is suspended as before.
   */
  record ResumeServer(Header header) implements AgentRequest {}

  /** Done when neither process nor file of the server is left here. Also when it was never here. */
  record DestroyServer(Header header) implements AgentRequest {}

  /**
   * The server lives elsewhere since this host was stated to be down: a QEMU that outlived that is
   * ended, and nothing here starts the server again. Done: {@link AgentResult.DisksKept}; also when
   * it was never here. Refused (CONFLICT) while it is only on its way to this host.
   *
   * @param keepDisks its disks are put aside, where nothing but a person removes them, as they may
   *     be the only ones with what the guest wrote; else they are gone
   */
  record LeaveServer(Header header, boolean keepDisks) implements AgentRequest {}

  /** Done: {@link AgentResult.GuestReport}. Never takes long, whatever else is under way. */
  record AskGuest(Header header) implements AgentRequest {}

  /**
   * The end of what the guest has said on its serial console, on other hosts too. Done: {@link
   * AgentResult.ConsoleOutput}.
   *
   * @param lines at most so many, the last ones; empty for as many as there is room for
   */
  record ReadConsole(Header header, Optional<Integer> lines) implements AgentRequest {}

  // ---- a migration: both hosts
  // ---------------------------------------------------------------------------------------------------

  /**
   * Makes this host's half of the key that the streams of this migration are encrypted with, or
   * finds it made. Asked of both hosts, and of each with the other's half once that is known: from
   * then on both have the same key, which is in no message. Done: {@link AgentResult.KeyOffer}.
   *
   * @param peer the other host's public half
   */
  record AgreeOnKey(Header header, Optional<String> peer) implements AgentRequest {}

  /**
   * Undo of {@link AgreeOnKey}: this host's half is gone, and with it what was encrypted. Streams
   * under way keep what they have.
   */
  record WithdrawKey(Header header) implements AgentRequest {}

  /**
   * Asked of the destination once the guest runs there: makes a half of a key for the console log
   * alone, or finds it. Done: {@link AgentResult.ConsoleWanted}.
   */
  record WantConsole(Header header) implements AgentRequest {}

  /**
   * Asked of the source once it has handed the guest over: the end of what the guest has said on
   * its console so far, compressed and sealed for the destination. Done: {@link
   * AgentResult.SealedConsole}. Refused (GUEST_ABSENT) when nothing of the server is there.
   *
   * @param peer the destination's public half
   */
  record SealConsole(Header header, String peer) implements AgentRequest {}

  /**
   * Asked of the destination: what the guest said before it came is there, whole, or is not.
   * Refused when the half that was told last is not known any more; a new one is wanted then.
   */
  record KeepConsole(Header header, AgentResult.SealedConsole console) implements AgentRequest {}

  // ---- a migration: source
  // -------------------------------------------------------------------------------------------------------

  /** What would have to move. Done: {@link AgentResult.SourceFacts}. Changes nothing. */
  record DescribeSource(Header header) implements AgentRequest {}

  /**
   * Whether the source can send: looks for the destination's probe file. Done: {@link
   * AgentResult.Nothing}. Changes nothing.
   */
  record CheckSource(Header header, String probeFile, BlockMigration blockMigration)
      implements AgentRequest {}

  /**
   * Writes layers to where the destination waits for them. Done: {@link AgentResult.LayersSent}.
   */
  record SendLayers(Header header, AgentResult.LayersWanted wanted, MoveLimits limits)
      implements AgentRequest {}

  /** Undo of {@link SendLayers}. */
  record StopLayers(Header header) implements AgentRequest {}

  /**
   * The passphrases of the guest's encrypted disks, for the destination's eyes alone. Done: {@link
   * AgentResult.SealedSecrets}. Refused when the two hosts have agreed on no key.
   */
  record SealSecrets(Header header) implements AgentRequest {}

  /**
   * Done when every mirror is ready.
   *
   * @param ways of local disks, by disk id; what is not named goes as its layers suggest
   */
  record MirrorDisks(
      Header header, AgentResult.IncomingReady target, Map<String, AgentResult.Way> ways, Move move)
      implements AgentRequest {
    public MirrorDisks {
      ways = Map.copyOf(ways);
    }

    /** Each disk as its layers suggest. */
    public MirrorDisks(Header header, AgentResult.IncomingReady target, Move move) {
      this(header, target, Map.of(), move);
    }
  }

  record CancelMirrors(Header header) implements AgentRequest {}

  /**
   * Memory, then the pivot. Done: {@link AgentResult.HandedOver} (left for good, or stayed). Until
   * it is recorded as handed over, a failure brings the guest back here by itself.
   */
  record HandOver(Header header, AgentResult.IncomingReady target, Move move)
      implements AgentRequest {}

  /**
   * Another policy for the migration from now on, also over a restart of the agent; goes beside
   * what is under way. One of a lower revision than the last is passed over. Done when it holds.
   */
  record SteerMove(Header header, MovePolicy policy) implements AgentRequest {}

  /**
   * Ends the copy whatever pause that costs the guest, by post-copy where the policy permits it,
   * else by pausing the guest until all has moved; goes beside what is under way. Done when that is
   * decided, also over a restart of the agent.
   */
  record ForceComplete(Header header) implements AgentRequest {}

  /**
   * Stops a hand-over that is not recorded yet. Done when the guest runs here, refused when it was
   * too late.
   */
  record CancelHandOver(Header header) implements AgentRequest {}

  /**
   * Runs the guest here again after its hand-over was recorded. Only ever sent after the
   * destination answered that its copy is dead and stays dead for this epoch ({@link
   * AgentResult.GuestReport.Runner#DEAD}), or after an operator fenced it.
   *
   * @param handedOver the epoch of a hand-over that is taken back later, after its migration has
   *     ended without this host; absent is the header's. Then what else that migration had begun
   *     here is taken back too
   */
  record ReturnHome(Header header, Optional<Long> handedOver) implements AgentRequest {
    /** In the migration of the hand-over. */
    public ReturnHome(Header header) {
      this(header, Optional.empty());
    }
  }

  /**
   * The guest lives elsewhere: end the process here, delete its files unless {@code keepDisks}.
   * Refused while post-copy still sends what the guest needs there; and with {@code SOURCE_ENDED}
   * when the process here ended and is not known to have sent everything.
   *
   * @param notNeeded the guest there has all its memory, or has ended; absent is no
   */
  record RetireSource(Header header, boolean keepDisks, Optional<Boolean> notNeeded)
      implements AgentRequest {
    /** As far as is known the guest may need it. */
    public RetireSource(Header header, boolean keepDisks) {
      this(header, keepDisks, Optional.empty());
    }
  }

  // ---- a migration: destination
  // --------------------------------------------------------------------------------------------------

  /**
   * Whether the guest could live here. Done: {@link AgentResult.DestinationFacts}. Leaves only the
   * probe file.
   */
  record CheckDestination(Header header, AgentResult.SourceFacts source, boolean diskOverCommit)
      implements AgentRequest {}

  /** Removes the probe file. */
  record EndCheck(Header header, String probeFile) implements AgentRequest {}

  /**
   * Ends the check and reserves the room the guest's disks and the files below them need here;
   * refused, with what is there and who else has reserved, when it is not there. Kept over an
   * agent's restart, until the guest has arrived or {@link ReleaseSpace}.
   */
  record ReserveSpace(Header header, AgentResult.SourceFacts source, boolean diskOverCommit)
      implements AgentRequest {}

  /** Undo of {@link ReserveSpace}. */
  record ReleaseSpace(Header header) implements AgentRequest {}

  /**
   * Proves the files below the disks that are here, fetches what the image service has, and lets
   * the source write the rest. Done: {@link AgentResult.LayersWanted}. Waits for a layer that
   * another server's migration is bringing here.
   */
  record GatherLayers(Header header, AgentResult.SourceFacts source) implements AgentRequest {}

  /** Makes layers of what the source has written, each if it has the digest it is named by. */
  record KeepLayers(Header header) implements AgentRequest {}

  /** Undo of {@link GatherLayers}: what is not kept is gone. */
  record DropLayers(Header header) implements AgentRequest {}

  /**
   * Fetches missing bases and creates the disks.
   *
   * @param secrets what {@link SealSecrets} told, for encrypted disks
   */
  record CreateDisks(Header header, AgentResult.SourceFacts source, Map<String, String> secrets)
      implements AgentRequest {
    public CreateDisks {
      secrets = Map.copyOf(secrets);
    }

    /** Of a guest without encrypted disks. */
    public CreateDisks(Header header, AgentResult.SourceFacts source) {
      this(header, source, Map.of());
    }
  }

  /** Undo of {@link CreateDisks}; refused while a guest runs from them. */
  record DeleteDisks(Header header) implements AgentRequest {}

  /**
   * Instead of {@link DeleteDisks}, after {@link KillIncoming}: what has come of the disks is put
   * aside, where nothing but a person removes it, as its source was lost and it may be all there
   * is. Done: {@link AgentResult.DisksKept}. Refused while a guest runs from them.
   */
  record KeepDisks(Header header) implements AgentRequest {}

  /**
   * Starts QEMU from the recipe, opens exports and the listener. Done: {@link
   * AgentResult.IncomingReady}.
   *
   * @param awaitSource the guest may come by post-copy, so that it is let run only when its source
   *     is known to have let go ({@link AwaitArrival}). Asked again with it, what is open already
   *     waits too; it is never taken back
   */
  record StartIncoming(
      Header header, AgentResult.SourceFacts source, Streams streams, Optional<Boolean> awaitSource)
      implements AgentRequest {
    /** Of a guest that does not come by post-copy. */
    public StartIncoming(Header header, AgentResult.SourceFacts source, Streams streams) {
      this(header, source, streams, Optional.empty());
    }
  }

  /**
   * Undo of {@link StartIncoming}, and the only way to learn that the copy here will never run:
   * records durably that it is dead for this epoch, then ends QEMU. Refused (CONFLICT) when the
   * guest has arrived here. Done: {@link AgentResult.GuestReport}.
   */
  record KillIncoming(Header header) implements AgentRequest {}

  /**
   * Done when the guest has arrived and runs (or stays paused, if it was): {@link
   * AgentResult.Arrived}.
   *
   * @param sourceLetGo the source's QEMU cannot run the guest by itself any more: it said that it
   *     has sent everything, or its host is fenced. A destination that {@link
   *     AgentResult.IncomingReady#awaitsSource} lets a guest run only then
   */
  record AwaitArrival(Header header, Optional<Boolean> sourceLetGo) implements AgentRequest {
    /** While the source may still fail. */
    public AwaitArrival(Header header) {
      this(header, Optional.empty());
    }
  }

  // ---- a cold migration: the disks of a server whose guest does not run go to another host
  // ----------------------------------------

  /**
   * Asked of the two hosts of a cold migration. Destinations are checked, and layers brought, as in
   * a live one.
   */
  sealed interface OfColdMove extends AgentRequest {}

  /**
   * What would have to move of a server whose guest may run or not. Done: {@link
   * AgentResult.SourceFacts}. Changes nothing.
   */
  record DescribeServer(Header header) implements OfColdMove {}

  /**
   * Asked of the source: ends the guest and records durably that the server has left. From then on
   * its disks here are as they are, and nothing starts it here until {@link TakeBack}. Done: {@link
   * AgentResult.Nothing}.
   *
   * @param grace for the guest to power off by itself
   */
  record LetGo(Header header, Duration grace) implements OfColdMove {}

  /**
   * Undo of {@link LetGo}, in its migration or later: the server is this host's again, and stopped.
   * Done too when it had never left. Refused (GUEST_ABSENT) when nothing of it is here any more.
   * What {@link ResizeHere} has put aside is the server's again; refused while its guest runs.
   *
   * @param letGo the epoch in which it left
   */
  record TakeBack(Header header, long letGo) implements OfColdMove {}

  /**
   * Asked of the source once it has let go: the files to be sent. Done: {@link
   * AgentResult.ColdDisks}.
   */
  record DigestFiles(Header header) implements OfColdMove {}

  /**
   * Asked of the destination: room for the files is made, and the source may write them. Done:
   * {@link AgentResult.LayersWanted}, whose exports are named by the disks' ids.
   */
  record ReceiveFiles(Header header, AgentResult.SourceFacts source, AgentResult.ColdDisks files)
      implements OfColdMove {}

  /**
   * Asked of the source: writes the files to where they are waited for. Done: {@link
   * AgentResult.LayersSent}.
   */
  record SendFiles(Header header, AgentResult.LayersWanted wanted, MoveLimits limits)
      implements OfColdMove {}

  /**
   * Asked of the source: what is sent of the server, and what is sent next under the same epoch,
   * goes so fast from now on, whatever the request for it says; goes beside what is under way. A
   * restart of the agent forgets it. Done: {@link AgentResult.Nothing}.
   *
   * @param bytesPerSecond 0 is unlimited
   */
  record SteerFiles(Header header, long bytesPerSecond) implements OfColdMove {}

  /**
   * Asked of the destination: what came is compared with what was to come, and is the server's from
   * then on, which lives here and is stopped. Done: {@link AgentResult.Nothing}. Refused
   * (DISK_NOT_FOUND) when not all of it is here: it is received anew then.
   *
   * @param secrets what {@link SealSecrets} told, for encrypted disks
   * @param size what the server is from now on; absent is as it was
   */
  record LandServer(
      Header header,
      AgentResult.SourceFacts source,
      AgentResult.ColdDisks files,
      Map<String, String> secrets,
      Optional<NewSize> size)
      implements OfColdMove {
    public LandServer {
      secrets = Map.copyOf(secrets);
    }
  }

  /**
   * Undo of all that a cold migration made at its destination, {@link LandServer} included: nothing
   * of it is left. Refused while the server's guest runs here. Harmless when nothing was made, and
   * for a server that came here in another epoch.
   */
  record ClearArrival(Header header) implements OfColdMove {}

  /**
   * Whether {@link ResizeHere} would be taken: the size can be, and there is room for both disks.
   * Done: {@link AgentResult.Nothing}. Changes nothing; the guest may run.
   */
  record CheckResize(Header header, NewSize size) implements OfColdMove {}

  /**
   * Asked of a host that has let go of a server which stays there: its disks as they are now are
   * put aside whole, and the server is of the new size, and stopped. {@link TakeBack} brings back
   * what was put aside, and the size that it had. Done: {@link AgentResult.Nothing}.
   */
  record ResizeHere(Header header, NewSize size) implements OfColdMove {}

  /**
   * Whether {@link TakeBack} would find what {@link ResizeHere} put aside. Done: {@link
   * AgentResult.Nothing}. Refused (GUEST_ABSENT) when it would not. Changes nothing.
   *
   * @param letGo the epoch in which it was resized
   */
  record FindKept(Header header, long letGo) implements OfColdMove {}

  /**
   * Removes what {@link ResizeHere} put aside: the server stays what it is. Done: {@link
   * AgentResult.Nothing}, also when there is nothing. Refused when the server does not live here.
   *
   * @param letGo the epoch in which it was resized
   */
  record DropKept(Header header, long letGo) implements OfColdMove {}

  /**
   * What a server is made to be.
   *
   * @param rootDiskBytes of its first disk; never less than that has
   */
  record NewSize(int vcpus, long memoryMib, long rootDiskBytes) {}

  // ---- the disks of a server, where it is; its guest may run or not
  // ----------------------------------------------------------------

  /** Asked of the disks of a server that lives on the host. */
  sealed interface OfDisks extends AgentRequest {}

  /** The disks as they are now. Done: {@link AgentResult.DiskReport}. Changes nothing. */
  record DescribeDisks(Header header) implements OfDisks {}

  /** What a disk lies on. Done: {@link AgentResult.ChainReport}. Changes nothing. */
  record DescribeChain(Header header, String disk) implements OfDisks {}

  /**
   * The digest of what the guest sees. Done: {@link AgentResult.DiskDigest}. Refused while the
   * guest may write.
   */
  record DigestDisk(Header header, String disk) implements OfDisks {}

  /** Whether {@link StartCopy} would be taken. Done: {@link AgentResult.Nothing}. */
  record CheckCopy(Header header, CopyOrder copy) implements OfDisks {}

  /**
   * Done when QEMU copies by itself; or, of a server that does not run, when the file is whole. May
   * be asked again: one copy is started.
   */
  record StartCopy(Header header, CopyOrder copy) implements OfDisks {}

  /** How far a copy is. Done: {@link AgentResult.CopyReport}. Changes nothing. */
  record AskCopy(Header header, UUID copy) implements OfDisks {}

  /**
   * @param bytesPerSecond 0 is unlimited
   */
  record LimitCopy(Header header, UUID copy, long bytesPerSecond) implements OfDisks {}

  /**
   * Ends a ready copy. Done: {@link AgentResult.CopyReport}. Refused: the guest is where it was,
   * and {@link AskCopy} says whether the copy still runs.
   */
  record EndCopy(Header header, UUID copy, CopyEnd end) implements OfDisks {}

  /**
   * Undo of {@link StartCopy}: nothing of the copy is left, unless it had moved to be the disk, or
   * had ended well; then nothing is done.
   *
   * @param broken nobody wanted that it ends: what there is of one that can be gone on with is kept
   */
  record DropCopy(Header header, UUID copy, Optional<Boolean> broken) implements OfDisks {
    /** Given up. */
    public DropCopy(Header header, UUID copy) {
      this(header, copy, Optional.empty());
    }
  }

  /** Removes the file of a copy that ended well, once nobody needs it any more. */
  record RemoveCopy(Header header, UUID copy) implements OfDisks {}

  /** Sends the file of a copy that ended well to the image service, as the content of an image. */
  record UploadCopy(Header header, UUID copy, ImageId image) implements OfDisks {}

  /**
   * Makes what a disk holds now an immutable layer, and lets the guest write to an empty one above.
   * Done: {@link AgentResult.DiskFrozen}.
   *
   * @param layer nobody gives it twice; asking again is one layer
   */
  record FreezeDisk(Header header, String disk, UUID layer) implements OfDisks {}

  /** Whether {@link AttachVolume} would be taken. Done: {@link AgentResult.VolumeThere}. */
  record CheckVolume(Header header, VolumeRef volume) implements OfDisks {}

  /**
   * Gives the server a volume, now if its guest runs and at each start. Done: {@link
   * AgentResult.VolumeThere}. Refused: the server has nothing of it.
   */
  record AttachVolume(Header header, VolumeRef volume) implements OfDisks {}

  /**
   * Takes a volume away; done when neither the guest nor its recipe has anything of it. Refused
   * when the guest does not let go of it for so long; it keeps it then.
   */
  record DetachVolume(Header header, VolumeRef volume, Duration patience) implements OfDisks {}

  // ---- values
  // ------------------------------------------------------------------------------------------------------------------

  /**
   * @param rootDiskBytes virtual size of the first disk, at least the image's
   * @param diskFormat of root and ephemeral disks: {@code qcow2} or {@code raw}
   * @param kernel with {@code ramdisk} and {@code commandLine}: direct kernel boot
   * @param network whether the guest gets a user-mode network card
   * @param more disks beside the first
   */
  record ServerSpec(
      String name,
      int vcpus,
      long memoryMib,
      long rootDiskBytes,
      String diskFormat,
      ImageRef image,
      Optional<ImageRef> kernel,
      Optional<ImageRef> ramdisk,
      Optional<String> commandLine,
      boolean network,
      MoreDisks more) {
    /** With the first disk alone, not encrypted. */
    public ServerSpec(
        String name,
        int vcpus,
        long memoryMib,
        long rootDiskBytes,
        String diskFormat,
        ImageRef image,
        Optional<ImageRef> kernel,
        Optional<ImageRef> ramdisk,
        Optional<String> commandLine,
        boolean network) {
      this(
          name,
          vcpus,
          memoryMib,
          rootDiskBytes,
          diskFormat,
          image,
          kernel,
          ramdisk,
          commandLine,
          network,
          MoreDisks.NONE);
    }
  }

  /** An image by content. The agent fetches it by id and believes only the digest. */
  record ImageRef(ImageId id, String sha256, String format, long sizeBytes) {}

  /** What a copy is for. */
  enum CopyUse {
    /** It leaves the host, so it is nothing that only this host could open. */
    IMAGE,
    /** It is gone on with when the QEMU that made it has ended, and never is the disk. */
    RESUMABLE
  }

  /** How a ready copy ends. */
  enum CopyEnd {
    /** The guest goes on with it. */
    PIVOT,
    /** It stays as it is, and the guest where it is. */
    FINISH
  }

  /** What the caller said about local disks. */
  enum BlockMigration {
    YES,
    NO,
    AUTO
  }

  /** A migration's policy when the step was asked for, and its streams. */
  record Move(MovePolicy policy, Streams streams) {}

  /**
   * What sending layers may cost.
   *
   * @param downtimeLimit unused by layers, which move while the guest runs
   * @param bytesPerSecond 0 is unlimited
   * @param deadline for the whole step
   */
  record MoveLimits(Duration downtimeLimit, long bytesPerSecond, Duration deadline) {}
}
