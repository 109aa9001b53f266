package dev.tern.scheduler;

import dev.tern.contract.Setting;
import dev.tern.scheduler.filter.Ratios;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** What an operator sets about choosing hosts. Schedulers of one installation share these. */
@Validated
@ConfigurationProperties("tern.scheduler")
public record SchedulerSettings(
    @Setting(
            "Name of this scheduler in the list of services; two copies need two names, or they"
                + " show as one.")
        @DefaultValue("scheduler")
        @Pattern(regexp = "[a-zA-Z0-9._-]{1,255}")
        String name,
    @Setting(
            "Questions answered at once by this process; more wait in the queue. Each takes a"
                + " connection to the database at times.")
        @DefaultValue("16")
        @Min(1)
        @Max(1_000)
        int questionsAtOnce,
    @Setting(
            "A host that was not heard of for longer is down and takes no servers; the same in every"
                + " service, and longer than two of the agents' beats.")
        @DefaultValue("60s")
        @NotNull
        @DurationMin(seconds = 1)
        @DurationMax(hours = 24)
        Duration serviceDownAfter,
    @Setting(
            "Memory that may be promised for each MiB a host has beyond the reserve; above 1 the"
                + " host may run out when guests use all of theirs.")
        @DefaultValue("1.0")
        @DecimalMin("0.1")
        @DecimalMax("100")
        double memoryRatio,
    @Setting("Memory in MiB that is left to each host itself; 0 promises all of it.")
        @DefaultValue("512")
        @Min(0)
        @Max(1L << 40)
        long reservedMemoryMib,
    @Setting("Virtual processors that may be promised for each processor of a host.")
        @DefaultValue("16.0")
        @DecimalMin("0.1")
        @DecimalMax("1000")
        double vcpuRatio,
    @Setting(
            "Disk that may be promised for each byte of the file system that holds the instances;"
                + " above 1 it may fill up. What is free at the moment must suffice whatever this"
                + " says.")
        @DefaultValue("1.0")
        @DecimalMin("0.1")
        @DecimalMax("100")
        double diskRatio,
    @Setting(
            "When no host will do, the message names this many with their reasons and counts the rest.")
        @DefaultValue("20")
        @Min(1)
        @Max(1_000)
        int namedHosts) {

  Ratios ratios() {
    return new Ratios(memoryRatio, reservedMemoryMib, vcpuRatio, diskRatio);
  }
}
