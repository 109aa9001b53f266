package dev.tern.agent;

import dev.tern.contract.Setting;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/** One host's agent. */
@Validated
@ConfigurationProperties("tern.agent")
public record AgentSettings(
    @Setting("This host's name, unique in the installation; empty takes the machine's own.")
        @Pattern(regexp = "[a-zA-Z0-9._-]{0,255}")
        @DefaultValue("")
        String host,
    @Setting(
            "Directory of instances and base images; owned by the agent's user, of one agent only.")
        @DefaultValue("/var/lib/tern")
        Path data,
    @Setting(
            "Numeric address other hosts' QEMUs send guests to; streams are encrypted unless"
                + " insecure=true.")
        @DefaultValue("127.0.0.1")
        String migrationAddress,
    @Setting("First port for incoming guests; each takes two while it arrives.")
        @Min(1024)
        @Max(65535)
        @DefaultValue("49152")
        int firstPort,
    @Setting("Last port for incoming guests.") @Min(1024) @Max(65535) @DefaultValue("49215")
        int lastPort,
    @Setting(
            "How long an incoming guest waits for free ports when all are taken; 0 refuses it at"
                + " once.")
        @DefaultValue("10m")
        Duration portWait,
    @Setting(
            "Where images are fetched from: /v2/images/ID/file below this address, which is Tern's API's /image or a Glance's.")
        @DefaultValue("http://127.0.0.1:8774/image")
        URI imageService,
    @Setting("How long one image may take to arrive.") @DefaultValue("10m") Duration imageDeadline,
    @Setting("Time between two reports of this host; it counts as down when several are missing.")
        @DefaultValue("10s")
        Duration beat,
    @Setting("Memory of this host that is never given to guests, in MiB.")
        @Min(0)
        @DefaultValue("512")
        long memoryReserveMib,
    @Setting("Disk space of this host that is never given to guests.") @DefaultValue("1GB")
        DataSize diskReserve,
    @Setting("Disk space asked for on top of what an arriving guest's disks take now.")
        @DefaultValue("64MB")
        DataSize diskMargin,
    @Setting(
            "Directories of this host that disks may be copied to, by name: storages.NAME=DIRECTORY;"
                + " each must be there, and may be on another file system.")
        @DefaultValue
        Map<String, Path> storages,
    @Setting(
            "NBD servers outside of Tern that disks of this host may be copied to, each HOST:PORT, or"
                + " NETWORK/BITS for all ports of the numeric addresses in it; none by default."
                + " Whoever may copy disks makes this host connect to them.")
        @DefaultValue
        List<String> copyTargets,
    @Setting(
            "How long room on the disk stays reserved for a server that never came, when nobody says"
                + " that it will not.")
        @DefaultValue("1d")
        Duration reservationAge,
    @Setting(
            "How long a base image or layer stays that no server of this host uses any more, for the"
                + " next one that needs it; 0 keeps it for ever.")
        @DefaultValue("1d")
        Duration unusedBaseAge,
    @Setting(
            "Time between two looks for what is left here of migrations that are over, and up to a"
                + " fifth more, so that hosts take turns; above 0.")
        @DefaultValue("1m")
        Duration sweepInterval,
    @Setting(
            "How long a migration has to be known here as over before what is left of it is swept, so"
                + " that requests on their way come first; 0 sweeps as soon as it is known.")
        @DefaultValue("30s")
        Duration sweepAge,
    @Setting("The hypervisor: qemu, or fake for simulated guests.")
        @Pattern(regexp = "qemu|fake")
        @DefaultValue("qemu")
        String driver,
    @Setting("The emulator: a path, or a name found on the PATH.")
        @DefaultValue("qemu-system-x86_64")
        String qemu,
    @Setting("The image tool: a path, or a name found on the PATH.") @DefaultValue("qemu-img")
        String qemuImg,
    @Setting("The tool that takes layers in from other hosts: a path, or a name found on the PATH.")
        @DefaultValue("qemu-storage-daemon")
        String qemuStorageDaemon,
    @Setting("auto, kvm or tcg; auto takes kvm only where a guest can really run under it.")
        @Pattern(regexp = "auto|kvm|tcg")
        @DefaultValue("auto")
        String accelerator,
    @Setting(
            "CPU model of new guests, as QEMU names it; all hosts a guest may move to must have it.")
        @Pattern(regexp = "[A-Za-z0-9][A-Za-z0-9._+,=-]{0,255}")
        @DefaultValue("qemu64")
        String cpuModel,
    @Setting(
            "Directory of the passphrases of encrypted disks, readable by the agent's user alone;"
                + " empty is the directory secrets beside the instances. Whoever has it and a disk"
                + " can read the disk, so it may be worth a file system of its own.")
        @DefaultValue("")
        String secrets,
    @Setting(
            "Locks each guest's QEMU in by seccomp, so that it starts no program and takes no"
                + " other user; to be switched off only for a QEMU built without seccomp, which"
                + " would not start.")
        @DefaultValue("true")
        boolean sandbox,
    @Setting(
            "Sends and receives guests in plaintext, without keys; both hosts of a migration must"
                + " have it alike.")
        @DefaultValue("false")
        boolean insecure,
    @Setting(
            "A disk whose connection to the destination breaks waits so long for it to come back,"
                + " in whole seconds, and then goes on where it was; 0 gives up at once.")
        @DefaultValue("10s")
        Duration outage,
    @Setting("Requests worked on at once; more wait at the broker.")
        @Min(1)
        @Max(10000)
        @DefaultValue("128")
        int requestsAtOnce,
    @Setting("How long a question about work under way is held before the answer is 'working'.")
        @DefaultValue("700ms")
        Duration patience,
    @DefaultValue @Valid HostPolicy policy,
    @DefaultValue @Valid ImageIdentity imageIdentity) {

  private static final int LONGEST_OUTAGE = 30;

  public AgentSettings {
    if (firstPort + 1 > lastPort) {
      throw new IllegalArgumentException(
          "tern.agent.last-port is above tern.agent.first-port: an incoming guest takes two");
    }
    if (portWait.isNegative()) {
      throw new IllegalArgumentException("tern.agent.port-wait is not below 0");
    }
    if (unusedBaseAge.isNegative()) {
      throw new IllegalArgumentException("tern.agent.unused-base-age is not below 0");
    }
    if (outage.isNegative() || outage.toSeconds() >= LONGEST_OUTAGE) {
      throw new IllegalArgumentException(
          "tern.agent.outage is from 0 to below %d s".formatted(LONGEST_OUTAGE));
    }
    if (!sweepInterval.isPositive()) {
      throw new IllegalArgumentException("tern.agent.sweep-interval is above 0");
    }
    if (sweepAge.isNegative()) {
      throw new IllegalArgumentException("tern.agent.sweep-age is not below 0");
    }
    if (beat.isNegative() || beat.isZero() || patience.isNegative() || imageDeadline.isNegative()) {
      throw new IllegalArgumentException("tern.agent's durations are above 0");
    }
  }

  /** Where passphrases of encrypted disks are. */
  Path secretsDirectory() {
    Path at = secrets.isEmpty() ? data.resolve("secrets") : Path.of(secrets);
    return at.toAbsolutePath();
  }
}
