package dev.tern.conductor.fake;

import dev.tern.conductor.cold.Confirming;
import dev.tern.conductor.evacuation.EvacuatedHosts;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.saga.Bell;
import dev.tern.conductor.saga.Parked;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.ColdDisks;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.ImmutableFile;
import dev.tern.contract.agent.AgentResult.KeyOffer;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.NewEvacuation;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.TurnStore.AtOnce;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Three hosts, with a server on the first, and what goes wrong once. Whatever is asked of them: no
 * two run the guest, and what was written last is somewhere.
 */
public final class ColdCloud {
  public static final HostName HOME = new HostName("host-1");
  public static final HostName AWAY = new HostName("host-2");
  public static final HostName THIRD = new HostName("host-3");
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final int LIVES = 20;

  /** What happens once, at some question. */
  public enum Fault {
    ANSWER_LOST,
    REFUSED,
    HOST_DIES,
    /** Once it has answered; its guest lives on. */
    HOST_FALLS_SILENT,
    CONDUCTOR_DIES_BEFORE_THE_EFFECT,
    CONDUCTOR_DIES_AFTER_THE_EFFECT
  }

  /** One host; refuses what an agent refuses. */
  private final class Machine {
    private final HostName name;
    private boolean silent;

    /** What the disks hold; 0 is none. */
    private int disks;

    /** What its guest is, or would be. */
    private int vcpus = 1;

    /** What the disks held before they were resized here, in which epoch; 0 is none. */
    private int before;

    private long beforeOf = -1;

    private boolean runs;
    private long letGo = -1;
    private boolean room;
    private boolean key;
    private boolean layer;
    private boolean receives;
    private int came;
    private long landed = -1;
    private long youngest;

    Machine(HostName name) {
      this.name = name;
    }

    private AgentAnswer answer(AgentRequest request) {
      if (request instanceof AgentRequest.AskGuest) {
        return new Done(new GuestReport(runner(), youngest, ""));
      }
      if (request.header().epoch() < youngest) {
        return new Refused(new Failure(ErrorCode.STALE_EPOCH, "a younger request was here"));
      }
      youngest = request.header().epoch();
      return carryOut(request);
    }

    private Runner runner() {
      return runs
          ? Runner.RUNNING
          : letGo >= 0 ? Runner.HANDED_OVER : disks > 0 ? Runner.STOPPED : Runner.ABSENT;
    }

    private AgentAnswer carryOut(AgentRequest request) {
      long epoch = request.header().epoch();
      return switch (request) {
        case AgentRequest.DescribeServer _ -> disks == 0 ? absent() : new Done(described());
        case AgentRequest.CheckDestination _ ->
            disks > 0
                ? refused(ErrorCode.DESTINATION_DISK_EXISTS)
                : new Done(
                    new DestinationFacts("", 1, 2, List.of(), Optional.empty(), Optional.empty()));
        case AgentRequest.ReserveSpace _ -> {
          room = true;
          yield nothing();
        }
        case AgentRequest.AgreeOnKey _ -> {
          key = true;
          yield new Done(new KeyOffer(Optional.of("half of " + name)));
        }
        case AgentRequest.WithdrawKey _ -> {
          key = false;
          yield nothing();
        }
        case AgentRequest.GatherLayers _ ->
            new Done(
                layer ? LayersWanted.none() : new LayersWanted("127.0.0.1", 1, Map.of("l", "x")));
        case AgentRequest.SendLayers _ -> new Done(new LayersSent(1));
        case AgentRequest.KeepLayers _ -> {
          layer = true;
          yield nothing();
        }
        case AgentRequest.StopLayers _ -> nothing();
        case AgentRequest.LetGo _ -> letGo(epoch);
        case AgentRequest.TakeBack back -> takeBack(back.letGo());
        case AgentRequest.DigestFiles _ ->
            letGo == epoch
                ? new Done(new ColdDisks(Map.of("disk0", new ImmutableFile("" + disks, disks))))
                : refused(ErrorCode.INSTANCE_INVALID_STATE);
        case AgentRequest.ReceiveFiles _ -> {
          receives = true;
          yield new Done(new LayersWanted("127.0.0.1", 1, Map.of("disk0", "x")));
        }
        case AgentRequest.SteerFiles steer -> {
          rates.add(steer.bytesPerSecond());
          yield nothing();
        }
        case AgentRequest.SendFiles _ -> send(epoch);
        case AgentRequest.SealSecrets _ -> new Done(new SealedSecrets(Map.of()));
        case AgentRequest.LandServer land -> land(land);
        case AgentRequest.ClearArrival _ -> clear(epoch);
        case AgentRequest.CheckResize _ -> disks == 0 ? absent() : nothing();
        case AgentRequest.ResizeHere here -> resizeHere(here);
        case AgentRequest.FindKept kept ->
            before > 0 && beforeOf == kept.letGo() ? nothing() : absent();
        case AgentRequest.DropKept _ -> dropKept();
        case AgentRequest.StartServer _ -> start();
        case AgentRequest.StopServer _ -> {
          runs = false;
          yield letGo >= 0 ? refused(ErrorCode.INSTANCE_INVALID_STATE) : nothing();
        }
        case AgentRequest.LeaveServer _ -> {
          forget();
          yield new Done(new DisksKept(Optional.empty()));
        }
        default -> throw new IllegalStateException("not part of a cold migration: " + request);
      };
    }

    private AgentAnswer letGo(long epoch) {
      if (disks == 0) {
        return absent();
      }
      runs = false;
      letGo = epoch;
      return nothing();
    }

    private AgentAnswer resizeHere(AgentRequest.ResizeHere asked) {
      long epoch = asked.header().epoch();
      if (before > 0 && beforeOf == epoch) {
        return nothing();
      }
      if (letGo != epoch || before > 0) {
        return refused(ErrorCode.INSTANCE_INVALID_STATE);
      }
      before = disks;
      beforeOf = epoch;
      vcpus = asked.size().vcpus();
      letGo = -1;
      return nothing();
    }

    private AgentAnswer dropKept() {
      if (disks == 0 || letGo >= 0) {
        return refused(ErrorCode.INSTANCE_INVALID_STATE);
      }
      before = 0;
      return nothing();
    }

    private AgentAnswer takeBack(long of) {
      if (disks == 0) {
        return absent();
      }
      if (before > 0 && beforeOf == of) {
        if (runs) {
          return refused(ErrorCode.INSTANCE_INVALID_STATE);
        }
        disks = before;
        before = 0;
        vcpus = 1;
      }
      if (letGo >= 0 && letGo != of) {
        return refused(ErrorCode.INSTANCE_INVALID_STATE);
      }
      letGo = -1;
      key = false;
      return nothing();
    }

    private AgentAnswer send(long epoch) {
      if (!whileItSends.isEmpty()) {
        whileItSends.getFirst().run();
        whileItSends = whileItSends.subList(1, whileItSends.size());
        time.pass(Duration.ofSeconds(1));
        return new AgentAnswer.Working("files are sent");
      }
      if (letGo != epoch) {
        return refused(ErrorCode.INSTANCE_INVALID_STATE);
      }
      Machine to =
          machines.values().stream().filter(each -> each.receives).findFirst().orElse(this);
      if (to == this || to.silent) {
        return refused(ErrorCode.HYPERVISOR_FAILED);
      }
      to.came = disks;
      return new Done(new LayersSent(1));
    }

    private AgentAnswer land(AgentRequest.LandServer asked) {
      if (landed == asked.header().epoch()) {
        return nothing();
      }
      int said =
          Integer.parseInt(Objects.requireNonNull(asked.files().byDisk().get("disk0")).sha256());
      if (!receives || came != said) {
        receives = false;
        return refused(ErrorCode.DISK_NOT_FOUND);
      }
      if (losesWhatCame) {
        losesWhatCame = false;
        receives = false;
        came = 0;
        return refused(ErrorCode.DISK_NOT_FOUND);
      }
      disks = came;
      vcpus = asked.size().map(AgentRequest.NewSize::vcpus).orElse(1);
      landed = asked.header().epoch();
      receives = false;
      came = 0;
      room = false;
      key = false;
      return nothing();
    }

    private AgentAnswer clear(long epoch) {
      if (runs && landed == epoch) {
        return refused(ErrorCode.INSTANCE_INVALID_STATE);
      }
      if (landed == epoch) {
        forget();
      }
      receives = false;
      came = 0;
      room = false;
      key = false;
      return nothing();
    }

    private void forget() {
      disks = 0;
      before = 0;
      vcpus = 1;
      runs = false;
      letGo = -1;
      landed = -1;
      room = false;
      key = false;
      boolean somewhere = machines.values().stream().anyMatch(each -> each.disks > 0);
      if (!somewhere) {
        throw new AssertionError("the only copy is gone");
      }
    }

    private AgentAnswer start() {
      if (disks == 0) {
        return absent();
      }
      if (letGo >= 0) {
        return refused(ErrorCode.INSTANCE_INVALID_STATE);
      }
      if (!runs) {
        runs = true;
        disks++; // the guest writes
      }
      if (machines.values().stream().filter(each -> each.runs).count() > 1) {
        throw new AssertionError("two guests run");
      }
      return nothing();
    }

    private void things(Set<String> all) {
      Map.of(
              "disks", disks > 0,
              "guest", runs,
              "room", room,
              "receiver", receives,
              "kept", letGo >= 0 || before > 0,
              "key", key)
          .forEach((thing, there) -> {
            if (there) {
              all.add(name + " " + thing);
            }
          });
    }
  }

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);
  private final FakeTime time = new FakeTime(stores::pass);
  private final Map<MigrationRecord, Lease> others = new LinkedHashMap<>();
  private final Map<HostName, Machine> machines = new LinkedHashMap<>();
  private final ServerRecord created;
  private int questions;
  private int at = -1;
  private Fault fault = Fault.ANSWER_LOST;
  private Optional<Class<? extends AgentRequest>> first = Optional.empty();
  private boolean losesWhatCame;
  private Optional<UUID> asked = Optional.empty();
  private Optional<UUID> saga = Optional.empty();

  /** How fast its source was told to send. */
  public final List<Long> rates = new ArrayList<>();

  /** How often its source says that it still sends; before each, that is done. */
  public List<Runnable> whileItSends = List.of();

  /** What it is to be of, instead of only moving. */
  public Optional<FlavorRecord> flavor = Optional.empty();

  /** Hosts that the scheduler may choose, in this order. */
  public List<HostName> free = List.of(AWAY, THIRD);

  /** Whether a server may be resized where it is. */
  public boolean mayStay;

  public ColdCloud() {
    this(List.of(HOME, AWAY, THIRD));
  }

  /** Of these hosts, {@link #HOME} among them. */
  public ColdCloud(List<HostName> hosts) {
    for (HostName host : hosts) {
      samples.host(host);
      machines.put(host, new Machine(host));
    }
    created = samples.active(HOME);
    machine(HOME).disks = 1;
    machine(HOME).runs = true;
    machine(HOME).layer = true;
  }

  private Machine machine(HostName host) {
    return Objects.requireNonNull(machines.get(host));
  }

  private static AgentAnswer nothing() {
    return new Done(new Nothing());
  }

  private static AgentAnswer absent() {
    return refused(ErrorCode.GUEST_ABSENT);
  }

  private static AgentAnswer refused(ErrorCode code) {
    return new Refused(new Failure(code, "It cannot be."));
  }

  private static SourceFacts described() {
    return new SourceFacts(
        "{}",
        "QEMU",
        9_000_000,
        "q35",
        "tcg",
        1,
        128,
        List.of(
            new DiskFacts(
                "disk0",
                DiskKind.LOCAL,
                "qcow2",
                1L << 30,
                1 << 20,
                0,
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty())),
        List.of(),
        List.of(),
        false,
        Optional.empty(),
        false);
  }

  public void isStopped() {
    ServerRecord _ = stores.servers().requestStop(created.id(), Samples.request());
    stores.servers().stopped(samples.lease(created.id()), created.id());
    machine(HOME).runs = false;
  }

  /** At the question of that number, from 0, counted from now on. */
  public void goesWrong(Fault what, int question) {
    questions = 0;
    at = question;
    fault = what;
  }

  /** At the first question of a kind. */
  public void goesWrong(Fault what, Class<? extends AgentRequest> kind) {
    first = Optional.of(kind);
    fault = what;
  }

  /** What came to a destination is gone when it is to be put in place. */
  public void losesWhatCame() {
    losesWhatCame = true;
  }

  public void dies(HostName host) {
    machine(host).silent = true;
    machine(host).runs = false;
  }

  public void fence(HostName host) {
    boolean _ = stores.hosts().setForcedDown(host, true);
  }

  /** Made anew there, without its old host. */
  public void evacuated(HostName host) {
    UUID id = UUID.randomUUID();
    EvacuationRecord _ =
        stores
            .evacuations()
            .request(
                new NewEvacuation(id, created.id(), Optional.empty(), true, false),
                Samples.request());
    Lease lease = samples.lease(created.id());
    stores.evacuations().chosen(lease, id, host, samples.claim(created.id(), host));
    stores.evacuations().ownerChanged(lease, id);
    stores.evacuations().done(lease, id, VmState.STOPPED);
    machine(host).disks = 1;
  }

  /** Its agent answers again, and reports. */
  public void comesBack(HostName host) {
    machine(host).silent = false;
    time.pass(Duration.ofSeconds(1));
    stores.hosts().report(Samples.report(host, 2, 1));
  }

  public void forgets(HostName host) {
    machine(host).disks = 0;
    machine(host).runs = false;
    machine(host).letGo = -1;
  }

  public ServerRecord server() {
    return stores.servers().findEvenDeleted(created.id()).orElseThrow();
  }

  public InMemoryStores stores() {
    return stores;
  }

  public ColdMigrationRecord migration() {
    return stores.coldMigrations().find(asked.orElseThrow()).orElseThrow();
  }

  public Set<String> things() {
    Set<String> all = new TreeSet<>();
    machines.values().forEach(machine -> machine.things(all));
    stores.claims().of(created.id()).forEach(claim -> all.add("claim " + claim.host()));
    return all;
  }

  /** What the guest finds on its disk. */
  public int written(HostName host) {
    return machine(host).disks;
  }

  /** What was put aside there, where it was resized without leaving. */
  public int putAside(HostName host) {
    return machine(host).before;
  }

  /** How many processors its guest has there. */
  public int vcpus(HostName host) {
    return machine(host).vcpus;
  }

  public int questions() {
    return questions;
  }

  public void migrate(Optional<HostName> host) {
    UUID id = UUID.randomUUID();
    asked = Optional.of(id);
    saga =
        Optional.of(
            stores
                .coldMigrations()
                .request(
                    new NewColdMigration(id, created.id(), host, flavor, Map.of()),
                    Samples.request())
                .saga());
  }

  public void confirm() {
    saga =
        Optional.of(stores.coldMigrations().requestConfirm(created.id(), Samples.request()).saga());
  }

  public void revert() {
    saga =
        Optional.of(stores.coldMigrations().requestRevert(created.id(), Samples.request()).saga());
  }

  /** Conductors run the saga, one after the other, until it has ended. */
  public ColdMigrationRecord run() throws InterruptedException {
    for (int life = 0; life < LIVES; life++) {
      Optional<SagaRecord> lease = stores.sagas().lease(saga.orElseThrow(), "conductor", LEASE);
      if (lease.isEmpty()) {
        return migration();
      }
      try {
        conductor().run(lease.get(), new Bell());
      } catch (Parked e) {
        stores.sagas().giveBack(lease.get().lease());
        return migration();
      } catch (ConductorDied e) {
        time.pass(LEASE);
      }
    }
    throw new AssertionError("it did not end: " + stores.sagas().log(saga.orElseThrow()));
  }

  public void pass(Duration howLong) {
    time.pass(howLong);
  }

  /** Somebody has divided the bandwidth anew. */
  public void shares(Optional<Long> bytesPerSecond) {
    stores.coldMigrations().share(migration().id(), bytesPerSecond);
  }

  /** As many live migrations move from there as may. */
  public void othersLeave(HostName source) {
    AtOnce most = FakeCloud.settingsWhereServersStay(mayStay).migration().atOnce();
    for (int other = 0; other < most.out(); other++) {
      MigrationRecord migration = samples.accepted(samples.active(source).id());
      Lease lease = samples.lease(migration.server());
      stores
          .migrations()
          .planned(lease, migration.id(), THIRD, samples.claim(migration.server(), THIRD), 1);
      stores.migrations().entered(lease, migration.id(), MigrationStatus.QUEUED, Phase.BEGIN);
      if (!stores.migrations().takeTurn(migration.id(), most)) {
        throw new AssertionError("there is no room for so many");
      }
      others.put(migration, lease);
    }
  }

  public void othersHaveLeft() {
    others.forEach((migration, lease) ->
        stores
            .migrations()
            .rolledBack(lease, migration.id(), MigrationStatus.FAILED, Samples.FAILURE));
    int _ =
        stores
            .migrations()
            .giveTurns(FakeCloud.settingsWhereServersStay(mayStay).migration().atOnce());
  }

  public void lookWhetherToConfirm(Duration window) {
    new Confirming(stores.coldMigrations(), window, UUID::randomUUID).look();
    saga = stores.coldMigrations().open(created.id()).map(ColdMigrationRecord::saga).or(() -> saga);
  }

  public void tellHosts() {
    new EvacuatedHosts(
            stores.evacuations(),
            stores.hosts(),
            stores.servers(),
            this::question,
            Duration.ofDays(1))
        .look();
  }

  private Sagas conductor() {
    return new Sagas(
        new Stores(
            stores.sagas(),
            stores.servers(),
            stores.migrations(),
            stores.claims(),
            stores.hosts(),
            stores.images(),
            stores.actions(),
            stores.copies(),
            stores.volumes(),
            stores.fences(),
            stores.evacuations(),
            stores.coldMigrations(),
            stores.aggregates()),
        this::question,
        this::choose,
        time.time(),
        FakeCloud.settingsWhereServersStay(mayStay),
        new MigrationMeters(new SimpleMeterRegistry()));
  }

  private Asked<SchedulerAnswer> choose(SchedulerRequest request, Duration deadline) {
    SelectHost wanted = (SelectHost) request;
    for (HostName host : free) {
      boolean will =
          wanted.requested().map(host::equals).orElse(true)
              && !wanted.refused().containsKey(host)
              && !wanted.source().equals(Optional.of(host));
      if (will) {
        var claim =
            stores
                .claims()
                .claim(wanted.claim(), wanted.server(), host, wanted.resources(), Samples.PLENTY);
        if (claim.isPresent()) {
          return new Asked.Answered<>(
              new SchedulerAnswer.Selected(claim.get().host(), wanted.claim()));
        }
      }
    }
    return new Asked.Answered<>(
        new SchedulerAnswer.NoHost(
            new Failure(ErrorCode.NO_VALID_HOST, "No valid host was found. None."), Map.of()));
  }

  private Asked<AgentAnswer> question(HostName host, AgentRequest request, Duration deadline) {
    boolean now = questions++ == at || first.filter(kind -> kind.isInstance(request)).isPresent();
    if (now) {
      at = -1;
      first = Optional.empty();
      switch (fault) {
        case ANSWER_LOST -> {
          return new Asked.NoAnswer<>("lost: " + machine(host).answer(request));
        }
        case REFUSED -> {
          return new Asked.Answered<>(
              new Refused(new Failure(ErrorCode.HYPERVISOR_FAILED, "It broke.")));
        }
        case HOST_DIES -> {
          AgentAnswer _ = machine(host).answer(request);
          dies(host);
        }
        case HOST_FALLS_SILENT -> {
          AgentAnswer answer = machine(host).answer(request);
          machine(host).silent = true;
          return new Asked.Answered<>(answer);
        }
        case CONDUCTOR_DIES_BEFORE_THE_EFFECT -> throw new ConductorDied();
        case CONDUCTOR_DIES_AFTER_THE_EFFECT -> {
          AgentAnswer _ = machine(host).answer(request);
          throw new ConductorDied();
        }
      }
    }
    if (machine(host).silent) {
      time.pass(deadline);
      return new Asked.NoAnswer<>("silent");
    }
    return new Asked.Answered<>(machine(host).answer(request));
  }
}
