package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.host.MoveDetail;
import dev.tern.contract.host.MoveDetail.DiskProgress;
import dev.tern.contract.host.MoveDetail.MemoryPace;
import dev.tern.store.DiskPlan.PlannedDisk;
import dev.tern.store.DiskPlan.PlannedLayer;
import dev.tern.store.DiskPlan.Supply;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.ConfigWish;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** Things tests put into stores, and the way a server takes to where a test begins. */
public final class Samples {
  public static final FlavorRecord FLAVOR =
      new FlavorRecord(
          "t", "tern.tiny", 1, 128, 1, 0, 0, true, Map.of("hw:key", "value"), Optional.empty());
  public static final Resources SHARE = new Resources(1, 128, 1L << 30);
  public static final Resources PLENTY = new Resources(1_000_000, 1L << 40, 1L << 60);
  public static final Duration LEASE = Duration.ofSeconds(30);
  public static final PauseParts PAUSE =
      new PauseParts(
          Optional.of(Duration.ofMillis(123)),
          Optional.of(Duration.ofMillis(3)),
          Optional.of(Duration.ofMillis(20)),
          Optional.of(Duration.ofMillis(90)),
          Optional.of(Duration.ofMillis(10)),
          Optional.empty());
  public static final Failure FAILURE =
      new Failure(ErrorCode.HYPERVISOR_FAILED, "The mirror broke off.");

  private final Supplier<? extends Stores> stores;

  public Samples(Supplier<? extends Stores> stores) {
    this.stores = stores;
  }

  private Stores stores() {
    return stores.get();
  }

  public static Requested request() {
    return new Requested(RequestId.of(UUID.randomUUID()), "ursula", "sea");
  }

  public static NewServer server(String name, String project) {
    return new NewServer(
        new ServerId(UUID.randomUUID()),
        name,
        name,
        "ursula",
        project,
        FLAVOR,
        new ImageId(UUID.randomUUID()),
        Map.of("a", "b"),
        Optional.empty(),
        Optional.empty(),
        true,
        Optional.of("a server"));
  }

  /** With something for its guest to read. */
  public static NewServer server(String name, String project, ConfigWish config) {
    NewServer plain = server(name, project);
    return new NewServer(
        plain.id(),
        plain.name(),
        plain.hostname(),
        plain.user(),
        plain.project(),
        plain.flavor(),
        plain.image(),
        plain.metadata(),
        plain.availabilityZone(),
        plain.requestedHost(),
        plain.network(),
        plain.description(),
        config,
        plain.ephemeralGib());
  }

  public static NewServer server(
      String name, String project, FlavorRecord flavor, List<Integer> ephemeralGib) {
    return new NewServer(
        new ServerId(UUID.randomUUID()),
        name,
        name,
        "ursula",
        project,
        flavor,
        new ImageId(UUID.randomUUID()),
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        false,
        Optional.empty(),
        ConfigWish.NONE,
        ephemeralGib);
  }

  /** As an agent tells it, of one disk, the share of both together being the one figure. */
  public static MigrationProgress progress(
      MigrationId id, long memoryTotal, long memoryDone, long diskTotal, long diskDone) {
    return new MigrationProgress(
        id,
        memoryTotal,
        memoryDone,
        memoryTotal - memoryDone,
        diskTotal,
        diskDone,
        diskTotal - diskDone,
        (int) (1000 * (memoryDone + diskDone) / (memoryTotal + diskTotal)),
        detail(memoryDone + diskDone, Duration.ZERO));
  }

  /** Two disks on one layer that is sent, the first on another that is there. */
  public static final DiskPlan DISK_PLAN =
      new DiskPlan(
          List.of(
              new PlannedDisk(
                  "disk0",
                  DiskKind.LOCAL,
                  Way.CHAIN,
                  "qcow2",
                  false,
                  1_000,
                  10,
                  10,
                  List.of(
                      new PlannedLayer("a".repeat(64), "qcow2", 30, Supply.SOURCE),
                      new PlannedLayer("b".repeat(64), "raw", 400, Supply.DESTINATION)),
                  Optional.of("/there/disk0.qcow2")),
              new PlannedDisk(
                  "disk1",
                  DiskKind.LOCAL,
                  Way.TOP,
                  "qcow2",
                  true,
                  2_000,
                  20,
                  20,
                  List.of(new PlannedLayer("a".repeat(64), "qcow2", 30, Supply.SOURCE)),
                  Optional.empty()),
              new PlannedDisk(
                  "vol",
                  DiskKind.NETWORK,
                  Way.SKIP,
                  "raw",
                  false,
                  3_000,
                  0,
                  0,
                  List.of(),
                  Optional.empty())));

  /** Told that many milliseconds after the epoch. */
  public static MoveDetail detail(long at, Duration throttled) {
    return new MoveDetail(
        Instant.ofEpochMilli(at),
        List.of(new DiskProgress("disk0", at, at + 1, 0, false)),
        new MemoryPace(2, 3, 4, 5),
        new Forecast(
            Optional.of(
                new Span(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(2 + at))),
            "",
            Optional.of(Duration.ofMillis(30))),
        throttled,
        Optional.of(at / 2));
  }

  public static HostReport report(HostName host, long started, long sequence) {
    return new HostReport(
        host,
        started,
        sequence,
        "QEMU",
        7_002_000,
        "7.2.0",
        "tcg",
        "no kvm",
        List.of("q35"),
        List.of("max"),
        List.of(),
        8,
        16_384,
        12_000,
        1L << 40,
        1L << 39,
        "127.0.0.1",
        "up",
        false,
        Map.of());
  }

  public void host(HostName name) {
    stores().hosts().report(report(name, 1, 1));
  }

  /** Leases the server's oldest unfinished saga. */
  public Lease lease(ServerId server) {
    return stores().sagas().waiting(1_000_000).stream()
        .flatMap(saga -> stores().sagas().lease(saga, "a conductor", LEASE).stream())
        .filter(saga -> {
          boolean wanted = saga.server().equals(server);
          if (!wanted) {
            stores().sagas().giveBack(saga.lease());
          }
          return wanted;
        })
        .findFirst()
        .orElseThrow()
        .lease();
  }

  public ClaimId claim(ServerId server, HostName host) {
    ClaimId claim = new ClaimId(UUID.randomUUID());
    return stores().claims().claim(claim, server, host, SHARE, PLENTY).orElseThrow().id();
  }

  public ServerRecord active(HostName host) {
    ServerRecord server = stores().servers().requestCreate(server("guest", "sea"), request());
    Lease lease = lease(server.id());
    stores().servers().placed(lease, server.id(), host, claim(server.id(), host));
    stores().servers().running(lease, server.id());
    return stores().servers().find(server.id()).orElseThrow();
  }

  public MigrationRecord accepted(ServerId server) {
    return stores().migrations().requestLiveMigration(migration(server), request());
  }

  public static NewMigration migration(ServerId server) {
    return new NewMigration(
        new MigrationId(UUID.randomUUID()),
        server,
        Optional.empty(),
        BlockMigration.AUTO,
        Optional.empty());
  }
}
