package dev.tern.conductor.bandwidth;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** What all migrations share, memory and disks together. */
@Validated
@ConfigurationProperties(prefix = "tern.bandwidth", ignoreUnknownFields = false)
public record BandwidthSettings(
    @Setting("Bytes per second of all migrations together; 0 is unlimited.")
        @DefaultValue("0")
        @Min(0)
        long cluster,
    @Setting("Bytes per second of all migrations that leave one host; 0 is unlimited.")
        @DefaultValue("0")
        @Min(0)
        long hostOut,
    @Setting("Bytes per second of all migrations that come to one host; 0 is unlimited.")
        @DefaultValue("0")
        @Min(0)
        long hostIn,
    @Setting(
            "How often to divide anew. A migration that runs has its share within a second after"
                + " that; with more than a second here, not within two seconds of a change.")
        @DefaultValue("500ms")
        Duration every) {}
