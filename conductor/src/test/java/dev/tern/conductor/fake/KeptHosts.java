package dev.tern.conductor.fake;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;
import dev.tern.store.HostStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Hosts that are all up, unless told otherwise. */
public final class KeptHosts implements HostStore {
  public boolean up = true;

  @Override
  public void report(HostReport report) {}

  @Override
  public Optional<HostRecord> find(HostName host, Duration downAfter) {
    HostReport report =
        new HostReport(
            host,
            0,
            0,
            "QEMU",
            7_002_022,
            "7.2.22",
            "tcg",
            "",
            List.of(),
            List.of(),
            List.of(),
            2,
            4096,
            4096,
            1L << 40,
            1L << 40,
            "127.0.0.1",
            "",
            false,
            Map.of());
    return Optional.of(
        new HostRecord(
            1,
            new UUID(0, 8),
            new UUID(0, 9),
            report,
            up,
            Instant.EPOCH,
            false,
            Optional.empty(),
            false,
            new Resources(0, 0, 0),
            0,
            0));
  }

  @Override
  public Optional<HostRecord> find(UUID hypervisorOrService, Duration downAfter) {
    return Optional.empty();
  }

  @Override
  public List<HostRecord> list(Duration downAfter, int afterNumber, int limit) {
    return List.of();
  }

  @Override
  public boolean setDisabled(HostName host, boolean disabled, Optional<String> reason) {
    return false;
  }

  @Override
  public boolean setForcedDown(HostName host, boolean forcedDown) {
    return false;
  }

  @Override
  public void beat(String binary, String instance) {}

  @Override
  public List<ServiceBeat> beats(Duration downAfter) {
    return List.of();
  }
}
