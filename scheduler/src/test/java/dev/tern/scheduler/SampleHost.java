package dev.tern.scheduler;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;
import dev.tern.store.HostStore.HostRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A host to change one thing of. As it is, it takes anything in these tests: 4 processors, 8 GiB of
 * memory, 100 GB of disk, QEMU 7.2.0 under tcg.
 */
public final class SampleHost {
  private final HostName name;
  private final int number;
  private boolean up = true;
  private boolean forcedDown;
  private boolean disabled;
  private Optional<String> disabledReason = Optional.empty();
  private String hypervisorType = "QEMU";
  private int hypervisorVersion = 7_002_000;
  private String accelerator = "tcg";
  private List<String> machineTypes = List.of("pc-q35-7.1", "pc-q35-7.2");
  private List<String> missingFeatures = List.of();
  private int vcpus = 4;
  private long memoryMib = 8_192;
  private long diskTotalBytes = 100_000_000_000L;
  private long diskFreeBytes = 80_000_000_000L;
  private Resources claimed = new Resources(0, 0, 0);
  private int activeMigrations;
  private Optional<HostReport.Offers> offers = Optional.empty();

  private SampleHost(int number) {
    this.name = new HostName("host-" + number);
    this.number = number;
  }

  public static SampleHost host(int number) {
    return new SampleHost(number);
  }

  public SampleHost down() {
    up = false;
    return this;
  }

  public SampleHost forcedDown() {
    forcedDown = true;
    return this;
  }

  public SampleHost disabled(String reason) {
    disabled = true;
    disabledReason = Optional.of(reason);
    return this;
  }

  public SampleHost hypervisor(String type, int version) {
    hypervisorType = type;
    hypervisorVersion = version;
    return this;
  }

  public SampleHost accelerator(String with) {
    accelerator = with;
    return this;
  }

  public SampleHost machineTypes(String... types) {
    machineTypes = List.of(types);
    return this;
  }

  public SampleHost lacks(String... features) {
    missingFeatures = List.of(features);
    return this;
  }

  public SampleHost vcpus(int count) {
    vcpus = count;
    return this;
  }

  public SampleHost memoryMib(long mib) {
    memoryMib = mib;
    return this;
  }

  public SampleHost disk(long totalBytes, long freeBytes) {
    diskTotalBytes = totalBytes;
    diskFreeBytes = freeBytes;
    return this;
  }

  public SampleHost claimed(int ofVcpus, long ofMemoryMib, long ofDiskBytes) {
    claimed = new Resources(ofVcpus, ofMemoryMib, ofDiskBytes);
    return this;
  }

  public SampleHost migrating(int migrations) {
    activeMigrations = migrations;
    return this;
  }

  public SampleHost offers(HostReport.Offers what) {
    offers = Optional.of(what);
    return this;
  }

  public HostReport report() {
    HostReport said = said();
    return offers.map(said::offering).orElse(said);
  }

  private HostReport said() {
    return new HostReport(
        name,
        1,
        1,
        hypervisorType,
        hypervisorVersion,
        "7.2.0 (Debian)",
        accelerator,
        "",
        machineTypes,
        List.of(),
        missingFeatures,
        vcpus,
        memoryMib,
        memoryMib,
        diskTotalBytes,
        diskFreeBytes,
        "127.0.0.1",
        "",
        false,
        Map.of());
  }

  public HostRecord record() {
    return new HostRecord(
        number,
        new UUID(1, number),
        new UUID(2, number),
        report(),
        up,
        Instant.EPOCH,
        disabled,
        disabledReason,
        forcedDown,
        claimed,
        0,
        activeMigrations);
  }
}
