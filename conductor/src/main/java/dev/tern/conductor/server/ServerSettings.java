package dev.tern.conductor.server;

import dev.tern.contract.Setting;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/** How servers are booted, started and stopped. */
public record ServerSettings(
    @Setting(
            "How long an agent may be silent before a boot or a start counts as failed and is taken"
                + " back.")
        @DefaultValue("30s")
        Duration silence,
    @Setting("How long a host may take to fetch images, create disks and start the guest.")
        @DefaultValue("30m")
        Duration buildDeadline,
    @Setting("How long a guest gets to power off by itself before it is ended; 0 ends it at once.")
        @DefaultValue("60s")
        Duration stopGrace,
    @Setting(
            "Whether a server may be resized on the host where it is, when the scheduler finds that best;"
                + " where there is one host only, it may always. Both disks are there until it is confirmed.")
        @DefaultValue("false")
        boolean resizeOnSameHost) {}
