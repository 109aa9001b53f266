package dev.tern.conductor.fake;

import dev.tern.conductor.evacuation.EvacuatedHosts;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.saga.Bell;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.NewEvacuation;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.InMemoryStores;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** Three hosts; the first is fenced with a server on it. And what goes wrong once. */
public final class EvacuationCloud {
  public static final HostName DEAD = new HostName("host-1");
  public static final HostName AWAY = new HostName("host-2");
  public static final HostName THIRD = new HostName("host-3");
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final int LIVES = 20;

  /** What happens once, at the first question of a kind. */
  public enum Fault {
    ANSWER_LOST,
    REFUSED,
    HOST_DIES,
    CONDUCTOR_DIES_BEFORE_THE_EFFECT,
    CONDUCTOR_DIES_AFTER_THE_EFFECT
  }

  /** One host; refuses what an agent refuses. */
  private final class Machine {
    private final HostName name;
    private boolean silent;
    private boolean disks;
    private boolean runs;
    private boolean kept;
    private final Set<UUID> volumes = new HashSet<>();
    private long youngest;

    Machine(HostName name) {
      this.name = name;
    }

    private AgentAnswer answer(AgentRequest request) {
      if (request instanceof AgentRequest.AskGuest) {
        Runner runner = runs ? Runner.RUNNING : disks ? Runner.STOPPED : Runner.ABSENT;
        return new Done(new GuestReport(runner, youngest, ""));
      }
      if (request.header().epoch() < youngest) {
        return new Refused(new Failure(ErrorCode.STALE_EPOCH, "a younger request was here"));
      }
      youngest = request.header().epoch();
      return switch (request) {
        case AgentRequest.BuildServer _ -> {
          disks = true;
          yield new Done(new Nothing());
        }
        case AgentRequest.AttachVolume attach -> attach(attach.volume().id());
        case AgentRequest.StartServer _ -> start();
        case AgentRequest.ClearArrival _ -> new Done(new Nothing());
        case AgentRequest.LeaveServer leave -> leave(leave.keepDisks());
        default -> throw new IllegalStateException("not part of an evacuation: " + request);
      };
    }

    private AgentAnswer attach(UUID volume) {
      if (!disks) {
        return new Refused(new Failure(ErrorCode.GUEST_ABSENT, "no such server"));
      }
      volumes.add(volume);
      return new Done(new VolumeThere(1, 1));
    }

    private AgentAnswer start() {
      if (!disks) {
        return new Refused(new Failure(ErrorCode.GUEST_ABSENT, "no such server"));
      }
      if (!server().host().equals(Optional.of(name))) {
        throw new AssertionError("a guest is started where its server does not live");
      }
      runs = true;
      if (machines.values().stream().filter(each -> each.runs).count() > 1) {
        throw new AssertionError("two guests run");
      }
      return new Done(new Nothing());
    }

    private AgentAnswer leave(boolean keepDisks) {
      kept |= disks && keepDisks;
      disks = false;
      runs = false;
      volumes.clear();
      return new Done(
          new DisksKept(kept && keepDisks ? Optional.of("/kept/" + name) : Optional.empty()));
    }

    private void things(Set<String> all) {
      if (disks) {
        all.add(name + " disks");
      }
      if (runs) {
        all.add(name + " guest");
      }
      if (kept) {
        all.add(name + " kept");
      }
      if (!volumes.isEmpty()) {
        all.add(name + " volume");
      }
    }
  }

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);
  private final FakeTime time = new FakeTime(stores::pass);
  private final Map<HostName, Machine> machines = new LinkedHashMap<>();
  private final ServerRecord created;
  private Optional<Class<? extends AgentRequest>> at = Optional.empty();
  private Fault fault = Fault.ANSWER_LOST;
  private Optional<EvacuationRecord> asked = Optional.empty();

  /** Hosts that the scheduler may choose, in this order. */
  public List<HostName> free = List.of(AWAY, THIRD);

  /** Before each question to an agent. */
  public Runnable meanwhile = () -> {};

  public EvacuationCloud() {
    for (HostName host : List.of(DEAD, AWAY, THIRD)) {
      samples.host(host);
      machines.put(host, new Machine(host));
    }
    created = samples.active(DEAD);
    image();
    machine(DEAD).disks = true;
    machine(DEAD).silent = true;
    fence(true);
  }

  private void image() {
    ImageId id = created.image();
    var _ =
        stores
            .images()
            .create(
                new ImageRecord(
                    id,
                    "image",
                    "sea",
                    "qcow2",
                    "bare",
                    "public",
                    ImageStatus.QUEUED,
                    0,
                    0,
                    false,
                    Map.of(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    stores.now(),
                    stores.now()));
    stores.images().beginUpload(id);
    var _ = stores.images().finishUpload(id, 1 << 20, 1 << 30, "a".repeat(64), "b".repeat(32));
  }

  private Machine machine(HostName host) {
    return java.util.Objects.requireNonNull(machines.get(host));
  }

  public void fence(boolean down) {
    boolean _ = stores.hosts().setForcedDown(DEAD, down);
  }

  /** Its agent answers again, and reports. */
  public void comesBack(HostName host) {
    machine(host).silent = false;
    time.pass(Duration.ofSeconds(1));
    stores.hosts().report(Samples.report(host, 2, 1));
  }

  public void dies(HostName host) {
    machine(host).silent = true;
    machine(host).runs = false;
  }

  public void hasVolume() {
    VolumeRef volume = new VolumeRef(UUID.randomUUID(), new VolumeAddress("storage", 10_809, "v"));
    var _ = stores.volumes().requestAttach(created.id(), volume, Samples.request());
    stores.volumes().attached(samples.lease(created.id()), volume.id(), 1);
  }

  public void isStopped() {
    ServerRecord _ = stores.servers().requestStop(created.id(), Samples.request());
    stores.servers().stopped(samples.lease(created.id()), created.id());
  }

  public void goesWrong(Fault what, Class<? extends AgentRequest> first) {
    at = Optional.of(first);
    fault = what;
  }

  public ServerRecord server() {
    return stores.servers().findEvenDeleted(created.id()).orElseThrow();
  }

  public InMemoryStores stores() {
    return stores;
  }

  public EvacuationRecord evacuation() {
    return stores.evacuations().find(asked.orElseThrow().id()).orElseThrow();
  }

  public Set<String> things() {
    Set<String> all = new TreeSet<>();
    machines.values().forEach(machine -> machine.things(all));
    stores.claims().of(created.id()).forEach(claim -> all.add("claim " + claim.host()));
    return all;
  }

  public void ask(boolean removeOldDisks) {
    asked =
        Optional.of(
            stores
                .evacuations()
                .request(
                    new NewEvacuation(
                        UUID.randomUUID(), created.id(), Optional.empty(), false, removeOldDisks),
                    Samples.request()));
  }

  /** Conductors run the saga, one after the other, until it has ended. */
  public EvacuationRecord run() throws InterruptedException {
    for (int life = 0; life < LIVES; life++) {
      Optional<SagaRecord> lease =
          stores.sagas().lease(asked.orElseThrow().saga(), "conductor", LEASE);
      if (lease.isEmpty()) {
        return evacuation();
      }
      try {
        conductor().run(lease.get(), new Bell());
      } catch (ConductorDied e) {
        time.pass(LEASE);
      }
    }
    throw new AssertionError("it did not end: " + stores.sagas().log(evacuation().saga()));
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
        FakeCloud.settings(),
        new MigrationMeters(new SimpleMeterRegistry()));
  }

  private Asked<SchedulerAnswer> choose(SchedulerRequest request, Duration deadline) {
    SelectHost wanted = (SelectHost) request;
    for (HostName host : free) {
      boolean will =
          wanted.requested().map(host::equals).orElse(true)
              && !wanted.refused().containsKey(host)
              && !wanted.source().equals(Optional.of(host));
      if (will
          && stores
              .claims()
              .claim(wanted.claim(), wanted.server(), host, Samples.SHARE, Samples.PLENTY)
              .isPresent()) {
        ClaimId claim = wanted.claim();
        return new Asked.Answered<>(
            new SchedulerAnswer.Selected(
                stores.claims().of(wanted.server()).stream()
                    .filter(each -> each.id().equals(claim))
                    .findFirst()
                    .orElseThrow()
                    .host(),
                claim));
      }
    }
    return new Asked.Answered<>(
        new SchedulerAnswer.NoHost(
            new Failure(ErrorCode.NO_VALID_HOST, "No valid host was found. None."), Map.of()));
  }

  private Asked<AgentAnswer> question(HostName host, AgentRequest request, Duration deadline) {
    meanwhile.run();
    if (at.filter(kind -> kind.isInstance(request)).isPresent()) {
      at = Optional.empty();
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
