package dev.tern.api.fakes;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.PowerState;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.CopyStatus;
import dev.tern.store.DiskCopyStore.Seen;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Direction;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.Position;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.TurnStore.AtOnce;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** What the other processes write while the API is tested, each story under its lease. */
public final class Conductors {
  private final InMemoryStores stores;
  private final dev.tern.store.Samples samples;
  private final Map<ServerId, Lease> leases = new HashMap<>();
  private long requests;

  public Conductors(InMemoryStores stores) {
    this.stores = stores;
    this.samples = new dev.tern.store.Samples(() -> stores);
  }

  public void clear() {
    leases.clear();
    requests = 0;
  }

  /** Of what is done with the server now. */
  public Lease lease(ServerId server) {
    return leases.computeIfAbsent(server, samples::lease);
  }

  /** A request that does not come over the API under test. */
  public Requested request(String user, String project) {
    requests++;
    return new Requested(RequestId.of(new UUID(0x3000L, requests)), user, project);
  }

  public void reports(String host) {
    stores.hosts().report(Samples.report(new HostName(host)));
  }

  public void image(ImageId id, String format, Map<String, String> properties) {
    image(id, format, properties, 1L << 20);
  }

  /** An image whose bytes have arrived. */
  public void image(ImageId id, String format, Map<String, String> properties, long virtualBytes) {
    ImageRecord _ =
        stores
            .images()
            .create(
                new ImageRecord(
                    id,
                    "image",
                    "admin",
                    format,
                    "bare",
                    "public",
                    ImageStatus.QUEUED,
                    0,
                    0,
                    false,
                    properties,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    stores.now(),
                    stores.now()));
    stores.images().beginUpload(id);
    ImageRecord _ = stores.images().finishUpload(id, 65536, virtualBytes, "aa", "bb");
  }

  // ---- servers

  /** A server that waits for a conductor. */
  public void isAskedFor(ServerId id, String project) {
    var _ =
        stores
            .servers()
            .requestCreate(
                new NewServer(
                    id,
                    "web",
                    "web",
                    "demo",
                    project,
                    Samples.TINY,
                    Samples.IMAGE,
                    Map.of("role", "web"),
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    Optional.of("a server")),
                request("demo", project));
  }

  /** A server that runs on a host. */
  public void boots(ServerId id, String project, String host) {
    isAskedFor(id, project);
    Lease lease = samples.lease(id);
    HostName there = new HostName(host);
    stores.servers().placed(lease, id, there, samples.claim(id, there));
    stores.servers().running(lease, id);
  }

  /** Carries out the pause that was asked for. */
  public void pauses(ServerId id) {
    stores.servers().paused(samples.lease(id), id);
  }

  /** Carries out the suspending that was asked for. */
  public void suspends(ServerId id) {
    stores.servers().suspended(samples.lease(id), id);
  }

  /** Carries out the stop that was asked for. */
  public void stops(ServerId id) {
    stores.servers().stopped(samples.lease(id), id);
  }

  /** Fails at the stop that was asked for. */
  public void fails(ServerId id) {
    Failure failure = new Failure(ErrorCode.HYPERVISOR_FAILED, "It did not stop.");
    stores
        .servers()
        .failed(samples.lease(id), id, VmState.ERROR, PowerState.CRASHED, failure, false);
  }

  /** Gives up what is under way but for the delete, and carries that out. */
  public void deletes(ServerId id) {
    stores.servers().deleted(samples.lease(id), id);
  }

  /** Takes the server to a host without its guest running. */
  public void migratesCold(ServerId id, String host) {
    Lease lease = samples.lease(id);
    UUID migration = stores.coldMigrations().open(id).orElseThrow().id();
    HostName away = new HostName(host);
    stores.coldMigrations().chosen(lease, migration, away, samples.claim(id, away));
    stores.coldMigrations().leaving(lease, migration);
    stores
        .coldMigrations()
        .arrived(lease, migration, new Arrival(4096, 2, Map.of("disk0", "ab12")));
    stores.coldMigrations().ownerChanged(lease, migration);
    stores.coldMigrations().finished(lease, migration, List.of());
  }

  /** Its destination is prepared, and it moves if it is its turn. */
  public void queuesCold(ServerId id, String host, AtOnce most) {
    Lease lease = samples.lease(id);
    UUID migration = stores.coldMigrations().open(id).orElseThrow().id();
    HostName away = new HostName(host);
    stores.coldMigrations().chosen(lease, migration, away, samples.claim(id, away));
    boolean _ = stores.coldMigrations().takeTurn(migration, most);
    stores.sagas().giveBack(lease);
  }

  /** Carries out the confirmation that was asked for. */
  public void confirms(ServerId id) {
    UUID migration = stores.coldMigrations().open(id).orElseThrow().id();
    stores.coldMigrations().confirmed(samples.lease(id), migration, List.of());
  }

  /** Carries out the reversal that was asked for. */
  public void reverts(ServerId id) {
    Lease lease = samples.lease(id);
    UUID migration = stores.coldMigrations().open(id).orElseThrow().id();
    stores.coldMigrations().ownerReturned(lease, migration);
    stores.coldMigrations().reverted(lease, migration, Optional.empty(), List.of());
  }

  /** Makes the server anew on a host. */
  public void evacuates(ServerId id, String host, VmState state) {
    Lease lease = samples.lease(id);
    UUID evacuation = stores.evacuations().ofSaga(lease.saga()).orElseThrow().id();
    HostName away = new HostName(host);
    stores.evacuations().chosen(lease, evacuation, away, samples.claim(id, away));
    stores.evacuations().ownerChanged(lease, evacuation);
    stores.evacuations().done(lease, evacuation, state);
  }

  // ---- migrations

  /** All of a server's, newest first. */
  public List<MigrationRecord> migrations(ServerId server) {
    return stores
        .migrations()
        .list(
            new MigrationQuery(
                Optional.of(server),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                100));
  }

  public MigrationRecord newest(ServerId server) {
    return migrations(server).getFirst();
  }

  /** What becomes of its disks is written down. */
  public void plansDisks(ServerId server) {
    stores
        .migrations()
        .disksPlanned(lease(server), newest(server).id(), dev.tern.store.Samples.DISK_PLAN);
  }

  /** The checks pass, and data moves. */
  public void moves(ServerId server, String destination) {
    MigrationRecord migration = newest(server);
    if (migration.checked()) {
      return;
    }
    Lease lease = lease(server);
    HostName to = new HostName(destination);
    stores.migrations().planned(lease, migration.id(), to, samples.claim(server, to), 1L << 30);
    stores.migrations().entered(lease, migration.id(), MigrationStatus.RUNNING, Phase.PERFORM);
    stores
        .sagas()
        .record(
            lease,
            new Position(Direction.FORWARD, "mirror-disks"),
            "{}",
            new LogLine("create-disks", "done", "1 disk", stores.now()));
    stores
        .migrations()
        .progress(
            dev.tern.store.Samples.progress(
                migration.id(), 128L << 20, 100L << 20, 1L << 30, 1L << 29));
  }

  /** Its checks have passed, and it moves if it is its turn. */
  public void queues(ServerId server, String destination, AtOnce most) {
    MigrationRecord migration = newest(server);
    Lease lease = lease(server);
    HostName to = new HostName(destination);
    stores.migrations().planned(lease, migration.id(), to, samples.claim(server, to), 1L << 30);
    stores.migrations().entered(lease, migration.id(), MigrationStatus.QUEUED, Phase.BEGIN);
    boolean _ = stores.migrations().takeTurn(migration.id(), most);
    stores.sagas().giveBack(lease);
  }

  /** Nobody can say where its guest runs. */
  public void doubts(ServerId server, String why) {
    stores.migrations().inDoubt(lease(server), newest(server).id(), true, why);
  }

  /** It ends with the guest where it was. */
  public void takesBack(ServerId server, MigrationStatus end, Failure failure) {
    stores.migrations().rolledBack(lease(server), newest(server).id(), end, failure);
    leases.remove(server);
  }

  /** It ends with the guest lost with its source, as was stated, and a copy kept. */
  public void givesUp(ServerId server, String source, String directory) {
    MigrationRecord migration = newest(server);
    HostName lost = new HostName(source);
    var _ = stores.fences().relyOn(lease(server), migration.id(), lost).orElseThrow();
    stores.fences().kept(lease(server), migration.id(), directory);
    stores
        .migrations()
        .guestLost(
            lease(server),
            migration.id(),
            dev.tern.store.Samples.FAILURE,
            dev.tern.store.Samples.FAILURE);
    leases.remove(server);
  }

  /** It ends with the guest at its destination. */
  public void completes(ServerId server) {
    MigrationRecord migration = newest(server);
    stores.migrations().ownerChanged(lease(server), migration.id(), dev.tern.store.Samples.PAUSE);
    stores.migrations().completed(lease(server), migration.id());
    leases.remove(server);
  }

  // ---- copies of disks

  /** Half of the disk is in that file. */
  public void copies(CopyRecord copy, String file) {
    stores
        .copies()
        .progress(
            lease(copy.server()),
            copy.id(),
            new Seen(CopyStatus.COPYING, 1L << 30, 1L << 29, 1L << 20, Optional.of(file)));
  }

  /** It ends as it was told to, or as a point in time. */
  public void finishes(CopyRecord copy) {
    Lease lease = lease(copy.server());
    boolean pivots =
        stores.copies().decide(lease, copy.id()).filter(wish -> wish == Wish.PIVOT).isPresent();
    CopyStatus last = pivots ? CopyStatus.PIVOTED : CopyStatus.FINISHED;
    stores.copies().ended(lease, copy.id(), last, Optional.empty(), Optional.empty());
    leases.remove(copy.server());
  }

  /** The volume that was asked for is there. */
  public void attached(ServerId server, UUID volume, long bytes) {
    stores.volumes().attached(lease(server), volume, bytes);
    var _ = leases.remove(server);
  }
}
