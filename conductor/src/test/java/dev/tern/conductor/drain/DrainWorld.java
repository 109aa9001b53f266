package dev.tern.conductor.drain;

import dev.tern.conductor.asking.Watching;
import dev.tern.conductor.fake.ConductorDied;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.store.BootTerms;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationQuery;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Goal;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.ForecastSettings;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.Stores;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Predicate;

/** Hosts whose migrations end when a test says so, and a conductor that may die at any write. */
final class DrainWorld {
  final Stores stores;
  final Samples samples;
  final FakeScheduler scheduler;
  final HostName home;
  final List<HostName> others = new ArrayList<>();

  Instant now = Instant.parse("2026-11-22T20:00:00Z");

  /** What every agent answers when it is asked for disks. */
  Asked<AgentAnswer> agent = new Asked.NoAnswer<>("it is silent");

  /** What every agent answers when it is to watch guests. */
  Asked<HostAnswer> watched = new Asked.NoAnswer<>("it is silent");

  /** Where guests are watched. */
  Executor beside = Runnable::run;

  private final GuestWatches watches =
      new GuestWatches(new Watching((_, _, _) -> watched, work -> beside.execute(work)));

  int mostAtOnce;

  /** Writes that still succeed; the one after them kills the conductor before its effect. */
  int writesLeft = Integer.MAX_VALUE;

  /** The last write takes effect before the conductor dies. */
  boolean afterTheEffect;

  boolean died;

  DrainWorld(Stores stores, int others) {
    this.stores = stores;
    this.scheduler = new FakeScheduler(stores);
    this.samples = new Samples(() -> stores);
    String name = UUID.randomUUID().toString().substring(0, 8);
    this.home = new HostName("home-" + name);
    samples.host(home);
    scheduler.hosts.add(home);
    for (int i = 1; i <= others; i++) {
      HostName other = new HostName("other%d-%s".formatted(i, name));
      samples.host(other);
      scheduler.hosts.add(other);
      this.others.add(other);
    }
  }

  static DrainSettings settings() {
    return new DrainSettings(
        Duration.ofSeconds(1),
        2,
        2,
        0,
        3,
        Duration.ofSeconds(10),
        Duration.ofMinutes(5),
        Duration.ofHours(1));
  }

  Drains conductor() {
    return new Drains(
        new DrainFacts.Sources(
            mortal(DrainStore.class, stores.drains()),
            stores.hosts(),
            stores.servers(),
            stores.migrations(),
            mortal(ColdMigrationStore.class, stores.coldMigrations()),
            stores.claims(),
            (_, _, _) -> agent,
            watches,
            UUID::randomUUID,
            Duration.ofMinutes(1),
            new ForecastSettings(100_000_000)),
        scheduler,
        settings(),
        () -> now,
        UUID::randomUUID);
  }

  private <S> S mortal(Class<S> kind, S real) {
    return kind.cast(
        Proxy.newProxyInstance(
            kind.getClassLoader(),
            new Class<?>[] {kind},
            (_, method, arguments) -> {
              boolean write =
                  Set.of("save", "begin", "beginCold", "requestConfirm").contains(method.getName());
              try {
                if (write && writesLeft-- == 0) {
                  if (afterTheEffect) {
                    var _ = method.invoke(real, arguments);
                  }
                  died = true;
                  throw new ConductorDied();
                }
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  /** One look of a conductor, which may die of it. */
  void look() {
    try {
      conductor().look();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } catch (ConductorDied _) {
      writesLeft = Integer.MAX_VALUE;
    }
    int cold = cold(each -> each.finishedAt().isEmpty() && each.endedAt().isEmpty()).size();
    mostAtOnce = Math.max(mostAtOnce, moving().size() + cold);
  }

  void pass(Duration time) {
    now = now.plus(time);
  }

  void forgetDryRuns() {
    conductor().forgetDryRuns();
  }

  /** Looks once more; the plan stands then. */
  Plan planOf(DrainRecord drain) {
    look();
    return drain(drain).plan().orElseThrow();
  }

  ServerId server() {
    return samples.active(home).id();
  }

  /** One that runs there, with the hints different_host and same_host. */
  ServerId hinted(HostName host, List<ServerId> apartFrom, List<ServerId> nextTo) {
    ServerId id =
        stores
            .servers()
            .requestCreate(
                List.of(Samples.server("guest", "sea")),
                new BootTerms(1, Map.of(), Optional.empty(), apartFrom, nextTo),
                Samples.request())
            .getFirst()
            .id();
    Lease lease = samples.lease(id);
    stores.servers().placed(lease, id, host, samples.claim(id, host));
    stores.servers().running(lease, id);
    return id;
  }

  DrainRecord ask(Wishes wishes) {
    return stores
        .drains()
        .request(new NewDrain(UUID.randomUUID(), home, wishes, false), Samples.request());
  }

  static Wishes wishes(Limits limits, OnCannotMove otherwise, Optional<Instant> deadline) {
    return new Wishes(deadline, limits, Sequence.SMALLEST_FIRST, List.of(), otherwise, Set.of());
  }

  /** Only the hosts of this world count. */
  DrainRecord few(Purpose purpose, Goal goal, boolean dryRun) {
    Set<HostName> among = new HashSet<>(others);
    if (purpose == Purpose.REBALANCE) {
      among.add(home);
    }
    Wishes wishes =
        new Wishes(
            Optional.empty(),
            Limits.NONE,
            Sequence.SMALLEST_FIRST,
            List.of(),
            OnCannotMove.LEAVE,
            among,
            Optional.of(goal));
    return stores
        .drains()
        .request(new NewDrain(UUID.randomUUID(), home, purpose, wishes, dryRun), Samples.request());
  }

  DrainRecord drain(DrainRecord known) {
    return stores.drains().find(known.id()).orElseThrow();
  }

  DrainServer row(DrainRecord drain, ServerId server) {
    return stores.drains().servers(drain.id()).stream()
        .filter(row -> row.server().equals(server))
        .reduce((_, last) -> last)
        .orElseThrow();
  }

  /** Migrations of this world that have not ended. */
  List<MigrationRecord> moving() {
    return all(migration -> migration.endedAt().isEmpty());
  }

  List<MigrationRecord> all(Predicate<MigrationRecord> which) {
    List<MigrationRecord> found = new ArrayList<>();
    List<HostName> hosts = new ArrayList<>(others);
    hosts.add(home);
    for (HostName host : hosts) {
      found.addAll(
          stores
              .migrations()
              .list(
                  new MigrationQuery(
                      Optional.empty(),
                      Optional.empty(),
                      Optional.of(host),
                      Optional.empty(),
                      false,
                      Optional.empty(),
                      Optional.empty(),
                      Optional.empty(),
                      Optional.empty(),
                      1000)));
    }
    return found.stream().filter(which).toList();
  }

  void arrive(MigrationRecord migration) {
    HostName to = migration.requestedHost().orElseThrow();
    Lease lease = samples.lease(migration.server());
    ClaimId claim = samples.claim(migration.server(), to);
    stores.migrations().planned(lease, migration.id(), to, claim, 1);
    stores.migrations().ownerChanged(lease, migration.id(), Samples.PAUSE);
    stores.migrations().completed(lease, migration.id());
  }

  void fail(MigrationRecord migration, String why) {
    stores
        .migrations()
        .rolledBack(
            samples.lease(migration.server()),
            migration.id(),
            MigrationStatus.FAILED,
            new Failure(ErrorCode.HYPERVISOR_FAILED, why));
  }

  void arriveAll() {
    moving().forEach(this::arrive);
    cold(each -> each.endedAt().isEmpty()).forEach(this::arriveCold);
  }

  /** Cold migrations that began here. */
  List<ColdMigrationRecord> cold(Predicate<ColdMigrationRecord> which) {
    List<HostName> hosts = new ArrayList<>(others);
    hosts.add(home);
    return hosts.stream()
        .flatMap(host ->
            stores
                .coldMigrations()
                .list(
                    new ColdMigrationQuery(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(host),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        1000))
                .stream())
        .filter(which)
        .toList();
  }

  /** As far as it goes without another word. */
  private void arriveCold(ColdMigrationRecord migration) {
    switch (migration.status()) {
      case ACCEPTED -> land(migration);
      case CONFIRMING ->
          stores
              .coldMigrations()
              .confirmed(samples.lease(migration.server()), migration.id(), List.of());
      default -> {}
    }
  }

  private void land(ColdMigrationRecord migration) {
    ColdMigrationStore cold = stores.coldMigrations();
    HostName to = migration.requestedHost().orElseThrow();
    Lease lease = samples.lease(migration.server());
    cold.chosen(lease, migration.id(), to, samples.claim(migration.server(), to));
    cold.leaving(lease, migration.id());
    stores.pass(Duration.ofSeconds(7));
    cold.arrived(lease, migration.id(), new ColdMigrationStore.Arrival(4096, 1, Map.of()));
    cold.ownerChanged(lease, migration.id());
    cold.finished(lease, migration.id(), List.of());
  }

  /** Looks, and lets arrive what moves, until nothing changes any more. */
  DrainRecord run(DrainRecord drain, int rounds) {
    for (int i = 0; i < rounds && drain(drain).endedAt().isEmpty(); i++) {
      look();
      arriveAll();
      pass(Duration.ofSeconds(1));
    }
    return drain(drain);
  }

  static NewMigration elsewhere(ServerId server, HostName to) {
    return new NewMigration(
        new MigrationId(UUID.randomUUID()),
        server,
        Optional.of(to),
        dev.tern.contract.agent.AgentRequest.BlockMigration.AUTO,
        Optional.empty());
  }

  static Progress nothing(DrainRecord drain) {
    return new Progress(drain.state(), drain.plan(), drain.waiting(), List.of());
  }
}
