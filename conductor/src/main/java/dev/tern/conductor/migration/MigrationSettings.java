package dev.tern.conductor.migration;

import dev.tern.contract.Setting;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.store.TurnStore.AtOnce;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/** How live migrations are run. */
public record MigrationSettings(
    @Setting(
            "How many live migrations of one source host move at once, over all conductors and"
                + " whoever asked for them; the others wait in status queued. At least 1.")
        @DefaultValue("4")
        @Min(1)
        int atOncePerSource,
    @Setting("The same for those that come to one host.") @DefaultValue("4") @Min(1)
        int atOncePerDestination,
    @Setting("The same for all there are; 0 is any number.") @DefaultValue("0") @Min(0)
        int atOnceAnywhere,
    @Setting(
            "The longest pause of the guest that a migration may plan for, above 0. It begins with"
                + " 20 ms and comes up to this only for guests that change their memory faster."
                + " The request and the source host may say otherwise, for this and the next five.")
        @DefaultValue("500ms")
        Duration maxPause,
    @Setting(
            "Bytes per second that one migration may send, disks and memory together; 0 is"
                + " unlimited.")
        @DefaultValue("0")
        @Min(0)
        long bytesPerSecond,
    @Setting(
            "How long data may move for each GiB of memory and disk, at least 2 GiB are counted; then"
                + " at-deadline holds.")
        @DefaultValue("800s")
        Duration deadlinePerGib,
    @Setting(
            "What is done at the deadline: abort takes the migration back, force pauses the guest"
                + " until all has moved, post-copy lets it go on at the destination while its memory"
                + " follows.")
        @DefaultValue("abort")
        AtDeadline atDeadline,
    @Setting(
            "Whether a guest may run at its destination before all its memory is there. If either"
                + " host dies then, the guest is lost.")
        @DefaultValue("false")
        boolean postCopyAllowed,
    @Setting(
            "Whether processors and disk writes of a guest that changes faster than it can be copied"
                + " may be slowed down while it migrates.")
        @DefaultValue("true")
        boolean autoConverge,
    @Setting(
            "Channels for a guest's memory, 0 to 255; 0 is a single stream, and only that can end in"
                + " post-copy.")
        @DefaultValue("0")
        @Min(0)
        @Max(255)
        int channels,
    @Setting("How memory is made smaller: none, xbzrle (a single stream), zstd (channels).")
        @DefaultValue("none")
        Compression compression,
    @Setting(
            "How long an agent may be silent before a step of the checks or the copy counts as failed"
                + " and is taken back. QEMU goes on copying meanwhile, so that an agent may be"
                + " started again. After the hand-over nothing is given up for silence.")
        @DefaultValue("60s")
        Duration silence,
    @Setting("How long one check of a host may take.") @DefaultValue("60s") Duration checkDeadline,
    @Setting("How long a destination may take to fetch base images and create disks.")
        @DefaultValue("30m")
        Duration prepareDeadline,
    @Setting(
            "How long a copy may wait at the destination after its source handed the guest over,"
                + " before it is ended and the guest returns home.")
        @DefaultValue("30s")
        Duration arrivalDeadline,
    @Setting("How long nobody may say where the guest runs before the migration is shown in doubt.")
        @DefaultValue("10s")
        Duration doubtAfter,
    @Setting("Whether the source keeps its copy of the disks after a migration.")
        @DefaultValue("false")
        boolean keepSourceDisks) {

  public MigrationSettings {
    if (!maxPause.isPositive() || !deadlinePerGib.isPositive()) {
      throw new IllegalArgumentException(
          "tern.conductor.migration: max-pause and deadline-per-gib are above 0");
    }
    if (atDeadline == AtDeadline.POST_COPY && !postCopyAllowed) {
      throw new IllegalArgumentException(
          "tern.conductor.migration.at-deadline=post-copy needs post-copy-allowed=true");
    }
    if ((compression == Compression.XBZRLE && channels > 0)
        || (compression == Compression.ZSTD && channels == 0)) {
      throw new IllegalArgumentException(
          "tern.conductor.migration.compression: xbzrle needs channels=0, zstd needs channels");
    }
  }

  /** How many move at once. */
  public AtOnce atOnce() {
    return new AtOnce(atOncePerSource, atOncePerDestination, atOnceAnywhere);
  }
}
