package dev.tern.simulation;

import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Schedulers;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.scheduler.HostCatalog;
import dev.tern.scheduler.Scheduler;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.simulation.files.MemoryFiles;
import dev.tern.store.ClaimStore;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerGroupStore;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Hosts, conductors, a scheduler, a database and a broker; servers that move; and a plan. */
final class Simulation {
  static {
    StandInCurve.take();
  }

  private static final int DATABASE_MILLIS = 20;
  private static final Duration DOWN_AFTER = Duration.ofSeconds(60);

  /** Long enough for whatever any deadline waits for. */
  private static final Duration LONGEST = Duration.ofHours(6);

  /** Enough for reports to be made and receipts to be fetched, once everybody is up. */
  private static final Duration SETTLING = Duration.ofSeconds(45);

  /** Enough for two sweeps besides, of what a request made that came once more. */
  private static final Duration SWEEPING = Duration.ofMinutes(5);

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
  private final Operator operator;
  private final List<String> violations = new ArrayList<>();
  private final Party schedulers;
  private final Stories stories;
  private boolean sweeps;

  Simulation(Plan plan, Variant variant) {
    this.plan = plan;
    this.stories = new Stories(this, plan.servers());
    this.random = new Random(plan.seed() * 0x9e3779b97f4a7c15L + 1);
    this.turns = new Turns(random, plan.sticky());
    this.database =
        new Database(
            turns,
            random,
            plan.servers() == 1 ? 0 : DATABASE_MILLIS,
            stories::nothingPromisedTwice);
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
            violations::add,
            (long) plan.room() * Story.MEMORY_MIB);
    for (String name : List.of("A", "B", "C").subList(0, plan.hosts())) {
      Host host = new Host(name, hosts.size() + 1, around);
      hosts.add(host);
      net.join(host);
    }
    Agents agents = variant.agents(net::ask);
    Schedulers choosing = scheduler(variant.claims(database.claims()));
    for (String name : List.of("c1", "c2")) {
      conductors.add(
          new Conductor(name, turns, random, database, net, agents, choosing, plan.memory()));
    }
    this.operator = new Operator(this);
    this.faults = new Faults(plan.faults(), this);
    turns.onEffect(faults::at);
  }

  /** How a run went. */
  record Result(
      Plan plan,
      List<String> violations,
      List<Turns.Line> trace,
      String digest,
      long effects,
      Map<String, Integer> labels,
      int faultsHit,
      int completed,
      int withoutRoom,
      int swept,
      int fenced,
      int givenUp,
      Duration lasted) {
    boolean good() {
      return violations.isEmpty();
    }
  }

  Result run() {
    try {
      Story.lay(hosts);
      hosts.forEach(Host::start);
      conductors.forEach(Conductor::start);
      stories.all().forEach(Story::build);
      turns.run(LONGEST, this::over);
    } catch (RuntimeException e) {
      violations.add("the simulation broke: " + e);
    }
    violations.addAll(qemus.violations());
    AtTheEnd end = new AtTheEnd(this);
    if (violations.isEmpty()) {
      violations.addAll(end.wrong());
    }
    return new Result(
        plan,
        violations,
        turns.trace(),
        turns.digest(),
        turns.effects(),
        faults.seen(),
        faults.hit(),
        many(one -> one.status() == MigrationStatus.COMPLETED),
        many(one -> one.failure().filter(why -> why.code() == ErrorCode.NO_VALID_HOST).isPresent()),
        end.swept(),
        fences(),
        givenUp(),
        turns.now());
  }

  private int many(Predicate<MigrationRecord> which) {
    return (int) migrations().stream().map(this::migration).filter(which).count();
  }

  private boolean over() {
    if (!violations.isEmpty() || !qemus.violations().isEmpty()) {
      return true;
    }
    Optional<Duration> calmSince =
        stories.calmSince(() -> everyone(Host::up, hosts) && everyone(Conductor::up, conductors));
    if (calmSince.isEmpty()) {
      return false;
    }
    Duration calm = turns.now().minus(calmSince.get());
    return calm.compareTo(SWEEPING) >= 0 || (calm.compareTo(SETTLING) >= 0 && !sweeps());
  }

  /** Asked once: this is looked at between any two pieces, and reads every receipt. */
  private boolean sweeps() {
    if (!sweeps) {
      sweeps = requestsCameAgain() || hostsWerePassedBy() || fences() > 0;
    }
    return sweeps;
  }

  private static <T> boolean everyone(Predicate<T> up, List<T> of) {
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
    return stories.migrations();
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

  /** How often an operator stated that a host is dead. */
  private int fences() {
    return (int) migrations().stream().filter(id -> stores().fences().of(id).isPresent()).count();
  }

  /** How often a guest was given up with its source. */
  private int givenUp() {
    return (int)
        migrations().stream()
            .flatMap(id -> stores().fences().of(id).stream())
            .filter(fence -> fence.runs() == Runs.NOWHERE && fence.reliedOnAt().isPresent())
            .count();
  }

  /** Whether an operator stated that the host is dead, so that nobody asks it to undo anything. */
  boolean fenced(MigrationId id, HostName host) {
    return stores().fences().of(id).filter(fence -> fence.host().equals(host)).isPresent();
  }

  /** Somebody changed what a saga waits for. */
  void wakes(UUID saga) {
    turns.after(net.latency(), () -> conductor().ifPresent(one -> one.wake(saga)));
  }

  Operator operator() {
    return operator;
  }

  Stories stories() {
    return stories;
  }

  Host host(HostName name) {
    return hosts.stream().filter(host -> host.name().equals(name)).findFirst().orElseThrow();
  }

  Plan plan() {
    return plan;
  }

  Faults faults() {
    return faults;
  }

  void violated(String what) {
    violations.add(what);
  }

  MigrationRecord migration(MigrationId id) {
    return stores().migrations().find(id).orElseThrow();
  }

  Optional<Conductor> conductor() {
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
    ServerGroupStore groups = database.watched(ServerGroupStore.class, database.stores().groups());
    Scheduler scheduler = new Scheduler(catalog, claims, new Ratios(1, 0, 16, 1), groups::rules, 5);
    return (request, deadline) ->
        net.choose(
            schedulers,
            asked -> (SchedulerAnswer) scheduler.select((SelectHost) asked),
            request,
            deadline);
  }

  // ---- looked at after each change of a file

  private void changes(String what, Path path) {
    boolean goes =
        what.equals("move")
            && path.getNameCount() > 2
            && path.getName(1).toString().equals("trash");
    if (!stories.begun() || !goes) {
      return;
    }
    Host of = hosts.stream().filter(host -> path.startsWith(host.data())).findFirst().orElseThrow();
    if (stories.of(path).filter(story -> story.losesAll(of)).isPresent()) {
      violations.add("the only good copy of the guest's disks was removed from " + of.name());
    }
  }
}
