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
    Optional<ControlLink> controlLink) {
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
        Optional.of(link));
  }
}
