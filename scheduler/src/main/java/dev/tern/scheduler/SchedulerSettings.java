package dev.tern.scheduler;

import dev.tern.contract.Setting;
import dev.tern.scheduler.Scheduler.Choosing;
import dev.tern.scheduler.filter.HostFilter;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.scheduler.weigher.HostWeigher;
import dev.tern.scheduler.weigher.HostWeigher.Multipliers;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import java.util.List;
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
        int namedHosts,
    @Setting(
            "How often the hosts kept in memory are brought up to date; each time costs the database"
                + " a row for each host, and a report for each that has reported since. What is"
                + " chosen is looked at again before it is claimed.")
        @DefaultValue("1s")
        @NotNull
        @DurationMin(millis = 100)
        @DurationMax(minutes = 1)
        Duration refreshHosts,
    @Setting(
            "The filters a host has to pass, in the order in which their reasons are told; those"
                + " that keep guests from harm cannot be left out.")
        @DefaultValue({
          "RetryFilter",
          "SourceHostFilter",
          "TargetsFilter",
          "ComputeFilter",
          "HypervisorTypeFilter",
          "HypervisorVersionFilter",
          "AcceleratorFilter",
          "MachineTypeFilter",
          "CpuFeaturesFilter",
          "QemuFeaturesFilter",
          "AvailabilityZoneFilter",
          "ImagePropertiesFilter",
          "AggregateInstanceExtraSpecsFilter",
          "AggregateImagePropertiesIsolation",
          "AggregateMultiTenancyIsolation",
          "DifferentHostFilter",
          "SameHostFilter",
          "ServerGroupAffinityFilter",
          "ServerGroupAntiAffinityFilter",
          "RamFilter",
          "CoreFilter",
          "DiskFilter"
        })
        @NotEmpty
        List<String> filters,
    @Setting("Decisions that are kept to be read at /v1/decisions; the oldest go. 0 keeps none.")
        @DefaultValue("100000")
        @Min(0)
        @Max(10_000_000)
        int decisions,
    @Setting("How long a decision is kept at most.")
        @DefaultValue("30d")
        @NotNull
        @DurationMin(minutes = 1)
        Duration decisionsKeptFor,
    @DefaultValue @NotNull @Valid Weights weights) {

  /** What makes a host better than another, and how much. */
  public record Weights(
      @Setting(
              "How much free memory counts among hosts that will do; below 0 servers are packed"
                  + " instead of spread, 0 leaves it out. Each of these is multiplied with 0 for"
                  + " the host that has least and 1 for the one that has most, and the sums are"
                  + " compared.")
          @DefaultValue("1.0")
          @DecimalMin("-1000000")
          @DecimalMax("1000000")
          double ram,
      @Setting("How much free virtual processors count.")
          @DefaultValue("0.0")
          @DecimalMin("-1000000")
          @DecimalMax("1000000")
          double cpu,
      @Setting("How much free disk counts.")
          @DefaultValue("0.0")
          @DecimalMin("-1000000")
          @DecimalMax("1000000")
          double disk,
      @Setting("How much migrations in flight count; below 0 prefers hosts with few.")
          @DefaultValue("-0.5")
          @DecimalMin("-1000000")
          @DecimalMax("1000000")
          double ioOps,
      @Setting("How much members of the server's group count when its policy is soft-affinity.")
          @DefaultValue("10.0")
          @DecimalMin("0")
          @DecimalMax("1000000")
          double softAffinity,
      @Setting(
              "How much members of the server's group count against a host when its policy is"
                  + " soft-anti-affinity.")
          @DefaultValue("10.0")
          @DecimalMin("0")
          @DecimalMax("1000000")
          double softAntiAffinity,
      @Setting(
              "How much the bytes count that would have to be brought to the host; below 0 prefers"
                  + " hosts that have the server's image. Beyond the weight of memory, it gathers"
                  + " servers of one image on one host.")
          @DefaultValue("-0.4")
          @DecimalMin("-1000000")
          @DecimalMax("1000000")
          double bytesToMove) {

    Multipliers multipliers() {
      return new Multipliers(ram, cpu, disk, ioOps, softAffinity, softAntiAffinity, bytesToMove);
    }
  }

  /** Throws {@link IllegalArgumentException} when a filter is unknown or may not be left out. */
  Choosing choosing() {
    return new Choosing(HostFilter.named(filters), HostWeigher.of(weights.multipliers()));
  }

  Ratios ratios() {
    return new Ratios(memoryRatio, reservedMemoryMib, vcpuRatio, diskRatio);
  }
}
