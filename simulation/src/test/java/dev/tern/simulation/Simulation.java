package dev.tern.simulation;

import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Schedulers;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.scheduler.HostCatalog;
import dev.tern.scheduler.Scheduler;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.simulation.files.MemoryFiles;
import dev.tern.store.ClaimStore;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;

/** Hosts, conductors, a scheduler, a database and a broker; a server that is moved; and a plan. */
final class Simulation {
  static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration DOWN_AFTER = Duration.ofSeconds(60);

  /** Long enough for whatever any deadline waits for. */
  private static final Duration LONGEST = Duration.ofHours(6);

  /** Enough for reports to be made and receipts to be fetched, once everybody is up. */
  private static final Duration SETTLING = Duration.ofSeconds(45);

  /** Enough for two sweeps besides, of what a request made that came once more. */
  private static final Duration SWEEPING = Duration.ofMinutes(5);

  private static final int IMAGE_BYTES = 4096;

  private final Plan plan;
  private final Turns turns;
  private final Random random;
  private final Database database;
  private final Course course;
  private final FakeWorld qemus;
  private final MemoryFiles files;
  private final Net net;
  private final List<Host> hosts = new ArrayList<>();
  private final List<Conductor> conductors = new ArrayList<>();
  private final Faults faults;
  private final List<String> violations = new ArrayList<>();
  private final Party schedulers;
  private final List<MigrationId> migrations = new ArrayList<>();
  private Optional<Duration> calmSince = Optional.empty();
  private boolean begun;

  Simulation(Plan plan, Variant variant) {
    this.plan = plan;
    this.random = new Random(plan.seed() * 0x9e3779b97f4a7c15L + 1);
    this.turns = new Turns(random, plan.sticky());
    this.database = new Database(turns);
    this.course = new Course(turns, random);
    this.qemus = new FakeWorld(course);
    turns.onPassed(_ -> qemus.write());
    this.files =
        new MemoryFiles(
            turns::instant,
            new Disk(turns, this::changes),
            () -> turns.running().<Object>map(party -> party).orElse(this));
    this.net = new Net(turns, random, plan.latencyMillis());
    this.schedulers = new Party(turns, "s");
    Host.Around around =
        new Host.Around(
            turns,
            random,
            files,
            variant,
            qemus,
            net,
            report -> conductor().ifPresent(one -> one.take(report)),
            progress -> {
              turns.effect("tells progress");
              turns.after(net.latency(), () -> conductor().ifPresent(one -> one.take(progress)));
            },
            violations::add);
    for (String name : List.of("A", "B", "C").subList(0, plan.hosts())) {
      Host host = new Host(name, hosts.size() + 1, around);
      hosts.add(host);
      net.join(host);
    }
    Agents agents = variant.agents(net::ask);
    Schedulers choosing = scheduler(variant.claims(database.claims()));
    for (String name : List.of("c1", "c2")) {
      conductors.add(new Conductor(name, turns, random, database, net, agents, choosing));
    }
    this.faults = new Faults(plan.faults(), this);
    turns.onEffect(faults::at);
  }

  /** How a run went. */
  record Result(
      Plan plan,
      List<String> violations,
      List<String> trace,
      String digest,
      long effects,
      Map<String, Integer> labels,
      int faultsHit,
      int completed,
      int swept,
      int resumedBesides,
      Duration lasted) {
    boolean good() {
      return violations.isEmpty();
    }
  }

  Result run() {
    try {
      build();
      turns.run(LONGEST, this::over);
    } catch (RuntimeException e) {
      violations.add("the simulation broke: " + e);
    }
    violations.addAll(qemus.violations());
    if (violations.isEmpty()) {
      violations.addAll(new AtTheEnd(this).wrong());
    }
    int completed =
        (int)
            migrations.stream()
                .filter(id -> migration(id).status() == dev.tern.contract.MigrationStatus.COMPLETED)
                .count();
    return new Result(
        plan,
        violations,
        turns.trace(),
        turns.digest(),
        turns.effects(),
        faults.seen(),
        faults.hit(),
        completed,
        AtTheEnd.swept(this),
        qemus.resumedBesides(),
        turns.now());
  }

  private boolean over() {
    if (!violations.isEmpty() || !qemus.violations().isEmpty()) {
      return true;
    }
    if (calmSince.isPresent()
        && !(everyone(Host::up, hosts) && everyone(Conductor::up, conductors))) {
      calmSince = Optional.of(turns.now());
    }
    Duration settling = requestsCameAgain() || hostsWerePassedBy() ? SWEEPING : SETTLING;
    return calmSince.isPresent() && turns.now().minus(calmSince.get()).compareTo(settling) >= 0;
  }

  private static <T> boolean everyone(java.util.function.Predicate<T> up, List<T> of) {
    return of.stream().allMatch(up);
  }

  // ---- what there is

  Turns turns() {
    return turns;
  }

  Random random() {
    return random;
  }

  Net net() {
    return net;
  }

  Course course() {
    return course;
  }

  FakeWorld qemus() {
    return qemus;
  }

  MemoryFiles files() {
    return files;
  }

  List<Host> hosts() {
    return hosts;
  }

  List<Conductor> conductors() {
    return conductors;
  }

  InMemoryStores stores() {
    return database.stores();
  }

  List<MigrationId> migrations() {
    return migrations;
  }

  /** The story has begun: from now on things may go wrong. */
  boolean begun() {
    return begun;
  }

  /** A QEMU that ran the guest was killed, so the guest may be dead. */
  boolean guestMayBeDead() {
    return faults.runnerDied();
  }

  /** Old requests were carried out once more, and may have made something anew. */
  boolean requestsCameAgain() {
    return plan.faults().stream().anyMatch(fault -> fault.kind() == Fault.Kind.COMES_AGAIN);
  }

  private boolean hostsWerePassedBy() {
    return migrations().stream()
        .anyMatch(
            id -> stores().receipts().of(id).stream().anyMatch(part -> passedBy(id, part.host())));
  }

  /**
   * Whether the host was to be the destination, did not answer for too long, and another was taken:
   * nobody waits for it, so what it had made by then is swept.
   */
  boolean passedBy(MigrationId id, HostName host) {
    MigrationRecord migration = migration(id);
    return !host.equals(migration.source()) && !migration.destination().equals(Optional.of(host));
  }

  ServerRecord server() {
    return stores().servers().find(SERVER).orElseThrow();
  }

  MigrationRecord migration(MigrationId id) {
    return stores().migrations().find(id).orElseThrow();
  }

  Path instance(Host host) {
    return host.data().resolve("instances").resolve(SERVER.toString());
  }

  private Optional<Conductor> conductor() {
    List<Conductor> up = conductors.stream().filter(Conductor::up).toList();
    return up.isEmpty() ? Optional.empty() : Optional.of(up.get(random.nextInt(up.size())));
  }

  private Schedulers scheduler(ClaimStore claims) {
    HostCatalog catalog =
        new HostCatalog() {
          private final HostStore store =
              database.watched(HostStore.class, database.stores().hosts());

          @Override
          public Optional<HostRecord> find(HostName host) {
            return store.find(host, DOWN_AFTER);
          }

          @Override
          public void forEach(Consumer<HostRecord> look) {
            store.list(DOWN_AFTER, 0, 100).forEach(look);
          }
        };
    Scheduler scheduler = new Scheduler(catalog, claims, new Ratios(1, 0, 16, 1), 5);
    return (request, deadline) ->
        net.choose(schedulers, asked -> scheduler.select((SelectHost) asked), request, deadline);
  }

  // ---- the story

  private void build() {
    byte[] image = new byte[IMAGE_BYTES];
    new Random(1).nextBytes(image);
    image[0] = 1;
    String digest = sha256(image);
    try {
      for (Host host : hosts) {
        Path bases = host.data().resolve("_base");
        Files.createDirectories(bases);
        Files.write(bases.resolve(digest), image);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    hosts.forEach(Host::start);
    conductors.forEach(Conductor::start);
    ImageRef ref = new ImageRef(new ImageId(id(1)), digest, "raw", IMAGE_BYTES);
    ServerSpec spec =
        new ServerSpec(
            "vm",
            1,
            64,
            1 << 20,
            "qcow2",
            ref,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false);
    Header header = new Header(RequestId.of(id(2)), SERVER, 1, Optional.empty());
    untilDone(
        hosts.getFirst(),
        new AgentRequest.BuildServer(header, spec),
        () -> untilDone(hosts.getFirst(), new AgentRequest.StartServer(header), this::begin));
  }

  static UUID id(long number) {
    return new UUID(0x51b0_0000_0000_4000L, 0x8000_0000_0000_0000L | number);
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void untilDone(Host host, AgentRequest request, Runnable next) {
    if (!host.up()) {
      turns.after(SECOND, () -> untilDone(host, request, next));
      return;
    }
    host.answer(
        request,
        answer -> {
          switch (answer) {
            case AgentAnswer.Done _ -> turns.after(SECOND, next);
            case AgentAnswer.Working _ -> turns.after(SECOND, () -> untilDone(host, request, next));
            case AgentAnswer.Refused(var why) -> violations.add("no guest to begin with: " + why);
          }
        });
  }

  private void begin() {
    InMemoryStores all = stores();
    HostName home = hosts.getFirst().name();
    all.servers()
        .requestCreate(
            new NewServer(
                SERVER,
                "vm",
                "vm",
                "ursula",
                "sea",
                Samples.FLAVOR,
                new ImageId(id(1)),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty()),
            requested(3));
    Lease lease =
        all.sagas()
            .lease(all.sagas().waiting(1).getFirst(), "setting up", DOWN_AFTER)
            .orElseThrow()
            .lease();
    all.servers()
        .placed(
            lease,
            SERVER,
            home,
            all.claims()
                .claim(
                    new dev.tern.contract.ClaimId(id(4)),
                    SERVER,
                    home,
                    Samples.SHARE,
                    Samples.PLENTY)
                .orElseThrow()
                .id());
    all.servers().running(lease, SERVER);
    begun = true;
    turns.tell("---- it begins");
    move();
  }

  static Requested requested(long number) {
    return new Requested(RequestId.of(id(number)), "ursula", "sea");
  }

  private void move() {
    if (stores().claims().of(SERVER).size() > 2) {
      violations.add("I5: claims of one server on more than its owner and its destination");
    }
    if (server().task().isPresent()) {
      turns.after(SECOND, this::move);
      return;
    }
    if (migrations.size() == plan.migrations() || server().vmState() != VmState.ACTIVE) {
      turns.tell("---- nothing more is asked for");
      faults.end();
      calmSince = Optional.of(turns.now());
      return;
    }
    MigrationId id = new MigrationId(id(100 + migrations.size()));
    MigrationRecord accepted =
        stores()
            .migrations()
            .requestLiveMigration(
                new NewMigration(
                    id, SERVER, Optional.empty(), BlockMigration.AUTO, Optional.empty()),
                requested(200 + migrations.size()));
    migrations.add(id);
    turns.tell("---- a migration is asked for");
    turns.after(net.latency(), () -> conductor().ifPresent(one -> one.wake(accepted.saga())));
    turns.after(SECOND, this::move);
  }

  /** The user wants the migration that runs now to end. */
  void abort() {
    if (!migrations.isEmpty()) {
      MigrationRecord last = migration(migrations.getLast());
      try {
        stores()
            .migrations()
            .requestAbort(SERVER, last.number(), requested(random.nextInt(1_000_000) + 1_000));
        turns.tell("---- the user wants it stopped");
      } catch (dev.tern.contract.ComputeException e) {
        turns.tell("---- too late to stop it: " + e.code());
      }
    }
  }

  // ---- looked at after each change of a file

  /** The last directory with all that the guest wrote must not go. */
  private void changes(String what, Path path) {
    boolean goes =
        what.equals("move")
            && path.getNameCount() > 2
            && path.getName(1).toString().equals("trash");
    if (!begun || !goes) {
      return;
    }
    Host of = hosts.stream().filter(host -> path.startsWith(host.data())).findFirst().orElseThrow();
    if (hasAll(of) && hosts.stream().filter(host -> !host.equals(of)).noneMatch(this::hasAll)) {
      violations.add("the only good copy of the guest's disks was removed from " + of.name());
    }
  }

  private boolean hasAll(Host host) {
    return Files.exists(instance(host))
        && qemus.writtenAt(instance(host)) >= qemus.acknowledged(SERVER.toString());
  }
}
