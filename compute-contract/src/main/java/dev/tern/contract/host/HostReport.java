package dev.tern.contract.host;

import com.fasterxml.jackson.annotation.JsonCreator;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A host, said by its agent at start and at every beat. Also the heartbeat: Nova's {@code
 * nova-compute} is up while these come.
 *
 * @param sequence rises within one agent process; an older one that comes late is ignored
 * @param agentStartedAtMillis tells one agent process from the next
 * @param hypervisorVersion {@code major * 1_000_000 + minor * 1_000 + micro}
 * @param diskTotalBytes of the file system that holds the instances
 * @param diskFreeBytes that nothing uses, no arriving server has reserved and nobody keeps back
 * @param missingFeatures QEMU commands Tern needs that are not there; such a host takes no
 *     migration
 * @param guests every server this host knows
 * @param receipts migrations whose receipts this host keeps until the database has them, at most
 *     {@value #RECEIPTS}
 * @param insecure whether streams of migrations are plaintext
 * @param controlLink how the broker is reached that this report comes through; empty until it is
 *     sent, and from an agent too old to say
 * @param offers empty from an agent too old to say
 */
public record HostReport(
    HostName host,
    long agentStartedAtMillis,
    long sequence,
    String hypervisorType,
    int hypervisorVersion,
    String hypervisorVersionText,
    String accelerator,
    String acceleratorReason,
    List<String> machineTypes,
    List<String> cpuModels,
    List<String> missingFeatures,
    int vcpus,
    long memoryMib,
    long memoryAvailableMib,
    long diskTotalBytes,
    long diskFreeBytes,
    String migrationAddress,
    String uptime,
    boolean insecure,
    Map<ServerId, Runner> guests,
    List<MigrationId> receipts,
    KernelNbd kernelNbd,
    Optional<ControlLink> controlLink,
    Optional<Offers> offers) {
  /** Receipts named in one report; the others come when these are done with. */
  public static final int RECEIPTS = 64;

  @JsonCreator
  public HostReport {
    machineTypes = List.copyOf(machineTypes);
    cpuModels = List.copyOf(cpuModels);
    missingFeatures = List.copyOf(missingFeatures);
    guests = Map.copyOf(guests);
    receipts = List.copyOf(receipts);
  }

  /**
   * Of a host that keeps no receipts, and says neither what its kernel has nor how it is linked.
   */
  public HostReport(
      HostName host,
      long agentStartedAtMillis,
      long sequence,
      String hypervisorType,
      int hypervisorVersion,
      String hypervisorVersionText,
      String accelerator,
      String acceleratorReason,
      List<String> machineTypes,
      List<String> cpuModels,
      List<String> missingFeatures,
      int vcpus,
      long memoryMib,
      long memoryAvailableMib,
      long diskTotalBytes,
      long diskFreeBytes,
      String migrationAddress,
      String uptime,
      boolean insecure,
      Map<ServerId, Runner> guests) {
    this(
        host,
        agentStartedAtMillis,
        sequence,
        hypervisorType,
        hypervisorVersion,
        hypervisorVersionText,
        accelerator,
        acceleratorReason,
        machineTypes,
        cpuModels,
        missingFeatures,
        vcpus,
        memoryMib,
        memoryAvailableMib,
        diskTotalBytes,
        diskFreeBytes,
        migrationAddress,
        uptime,
        insecure,
        guests,
        List.of(),
        KernelNbd.UNKNOWN,
        Optional.empty(),
        Optional.empty());
  }

  /** The same, and by which link it is sent: what sends it knows. */
  public HostReport over(ControlLink link) {
    return new HostReport(
        host,
        agentStartedAtMillis,
        sequence,
        hypervisorType,
        hypervisorVersion,
        hypervisorVersionText,
        accelerator,
        acceleratorReason,
        machineTypes,
        cpuModels,
        missingFeatures,
        vcpus,
        memoryMib,
        memoryAvailableMib,
        diskTotalBytes,
        diskFreeBytes,
        migrationAddress,
        uptime,
        insecure,
        guests,
        receipts,
        kernelNbd,
        Optional.of(link),
        offers);
  }

  /** The same, of a host that says what it has to offer. */
  public HostReport offering(Offers what) {
    return new HostReport(
        host,
        agentStartedAtMillis,
        sequence,
        hypervisorType,
        hypervisorVersion,
        hypervisorVersionText,
        accelerator,
        acceleratorReason,
        machineTypes,
        cpuModels,
        missingFeatures,
        vcpus,
        memoryMib,
        memoryAvailableMib,
        diskTotalBytes,
        diskFreeBytes,
        migrationAddress,
        uptime,
        insecure,
        guests,
        receipts,
        kernelNbd,
        controlLink,
        Optional.of(what));
  }

  /**
   * What a scheduler chooses by, beside figures.
   *
   * @param cpuModel that new guests get here
   * @param cpuFeatures that guests can be given here
   * @param guestCpuFeatures that guests of {@code cpuModel} have; empty when that is not known
   * @param bases images and layers in {@code _base}, the newest, at most {@value #BASES}; of each
   *     digest the first {@value #DIGEST} digits
   */
  public record Offers(
      String cpuModel,
      List<String> cpuFeatures,
      Optional<List<String>> guestCpuFeatures,
      List<String> bases) {
    /** Named in one report; of more, a host looks as if it had not got the oldest. */
    public static final int BASES = 128;

    /** Enough to tell one from another; a wrong guess costs bytes, no server. */
    public static final int DIGEST = 16;

    public Offers {
      cpuFeatures = List.copyOf(cpuFeatures);
      guestCpuFeatures = guestCpuFeatures.map(List::copyOf);
      bases = List.copyOf(bases);
    }

    /** What stands for a digest in {@link #bases}. */
    public static String digest(String sha256) {
      return sha256.substring(0, Math.min(DIGEST, sha256.length()));
    }
  }
}
