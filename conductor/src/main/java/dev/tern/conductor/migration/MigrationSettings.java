package dev.tern.conductor.migration;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/** How live migrations are run. */
public record MigrationSettings(
    @Setting(
            "How many live migrations of one source host move at once, over all conductors; the"
                + " others wait in status queued. At least 1.")
        @DefaultValue("4")
        @Min(1)
        int atOncePerSource,
    @Setting(
            "How long QEMU may expect to need for the last pass of memory, while the guest is"
                + " paused. Smaller is a shorter pause, and harder to reach for a busy guest.")
        @DefaultValue("100ms")
        Duration downtimeLimit,
    @Setting("Bytes per second one migration may send; 0 is unlimited.") @DefaultValue("0") @Min(0)
        long bytesPerSecond,
    @Setting(
            "How long the copy may take for each GiB of memory and disk, at least 2 GiB are counted;"
                + " then the migration is taken back.")
        @DefaultValue("800s")
        Duration deadlinePerGib,
    @Setting(
            "How long an agent may be silent before a step of the checks or the copy counts as failed"
                + " and is taken back. After the hand-over nothing is given up for silence.")
        @DefaultValue("20s")
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
        boolean keepSourceDisks) {}
