package dev.tern.bench;

import static dev.tern.bench.CountedSql.because;

import dev.tern.bench.CountedSql.Cause;
import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.asking.Schedulers;
import dev.tern.conductor.asking.Watching;
import dev.tern.conductor.drain.DrainFacts;
import dev.tern.conductor.drain.DrainSettings;
import dev.tern.conductor.drain.Drains;
import dev.tern.conductor.drain.GuestWatches;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.migration.MigrationSettings;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.running.Time;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.HostName;
import dev.tern.contract.Pause;
import dev.tern.contract.RequestId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.conductor.Outbox;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.scheduler.HostMemory;
import dev.tern.scheduler.Scheduler;
import dev.tern.scheduler.Scheduler.Choosing;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.ActionStore;
import dev.tern.store.AggregateStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.DecisionStore;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.Begun;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.EvacuationStore;
import dev.tern.store.FenceStore;
import dev.tern.store.ForecastSettings;
import dev.tern.store.HostStore;
import dev.tern.store.ImageStore;
import dev.tern.store.MigrationStore;
import dev.tern.store.OutboxStore;
import dev.tern.store.SagaStore;
import dev.tern.store.ServerGroupStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.VolumeStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Empties hosts with a conductor and a scheduler as they ship, over a database; the agents do what
 * they are told at once, and messages go by hand.
 */
final class DrainBench {
  private static final Duration LONG = Duration.ofDays(1);
  private static final Duration LOOK = Duration.ofMillis(200);
  private static final Duration DELIVER = Duration.ofMillis(10);
  private static final Duration LATE = Duration.ofMinutes(10);
  private static final Pattern SAGA =
      Pattern.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  private final ApiCloud cloud;
  private final Pause pause;
  private final InstantAgents agents = new InstantAgents();
  private final LongAdder asked = new LongAdder();
  private final LongAdder sent = new LongAdder();
  private final LongAdder looks = new LongAdder();

  DrainBench(ApiCloud cloud, Pause pause) {
    this.cloud = cloud;
    this.pause = pause;
  }

  /**
   * What emptying hosts of one cluster took.
   *
   * @param statements sent to the database because of a migration, for each
   * @param messages between processes, for each migration
   * @param look statements by the clock for each look at a drain and each migration that begins in
   *     one: a machine that is fast looks less often, and has more to begin in each
   * @param perSecond statements by the clock
   * @param counts how often each statement was sent, for each migration; the most frequent first
   * @param lookCounts the same for what the clock sends
   */
  record Line(
      int hosts,
      int servers,
      int migrations,
      double seconds,
      double statements,
      double messages,
      double look,
      double perSecond,
      Map<String, Double> counts,
      Map<String, Double> lookCounts) {}

  /**
   * Empties the first so many hosts, all at once.
   *
   * @throws IOException when one is not empty at the end, or it takes too long
   */
  Line run(int hosts, int emptied) throws IOException, InterruptedException {
    DrainStore drains = cloud.bean(DrainStore.class);
    SagaStore sagas = cloud.bean(SagaStore.class);
    ConductorSettings settings = settings();
    Schedulers schedulers = schedulers();
    Stores stores = stores();
    List<UUID> jobs = new ArrayList<>();
    for (int host = 1; host <= emptied; host++) {
      UUID id = UUID.randomUUID();
      var _ =
          drains.request(
              new NewDrain(id, new HostName("h" + host), Wishes.NONE, false),
              new Requested(RequestId.of(UUID.randomUUID()), "u", "p"));
      jobs.add(id);
    }
    var _ = CountedSql.taken(Cause.MIGRATION);
    var _ = CountedSql.taken(Cause.CLOCK);
    long begun = System.nanoTime();
    Drains conductor =
        new Drains(
            new DrainFacts.Sources(
                looked(drains),
                stores.hosts(),
                stores.servers(),
                stores.migrations(),
                stores.coldMigrations(),
                stores.claims(),
                agents,
                new GuestWatches(Watching.NOBODY),
                UUID::randomUUID,
                LONG,
                new ForecastSettings(100_000_000)),
            schedulers,
            drainSettings(),
            InstantSource.system(),
            UUID::randomUUID);
    try (SagaRunner runner =
        new SagaRunner(
            sagas,
            new Sagas(
                stores,
                agents,
                schedulers,
                Time.real(),
                settings,
                new MigrationMeters(new SimpleMeterRegistry())),
            "bench",
            settings.lease(),
            settings.sagasAtOnce())) {
      while (!over(drains)) {
        long look = System.nanoTime();
        because(
            Cause.CLOCK,
            () -> {
              conductor.look();
              return stores.migrations().giveTurns(settings.migration().atOnce());
            });
        do {
          deliver(runner);
          pause.of(DELIVER);
        } while (System.nanoTime() - look < LOOK.toNanos());
        if (System.nanoTime() - begun > LATE.toNanos()) {
          DrainRecord open = drains.open(1).getFirst();
          throw new IOException(
              "%s is not empty after %s: %s"
                  .formatted(
                      open.host(),
                      LATE,
                      drains.servers(open.id()).stream()
                          .flatMap(row -> row.migration().stream())
                          .flatMap(id -> stores.migrations().find(id).stream())
                          .map(migration -> migration + " " + sagas.log(migration.saga()))
                          .toList()));
        }
      }
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    int moved = 0;
    for (UUID job : jobs) {
      DrainRecord end = drains.find(job).orElseThrow();
      if (end.state() != State.DRAINED) {
        throw new IOException("A drain ended as %s: %s".formatted(end.state(), end.plan()));
      }
      moved +=
          (int)
              drains.servers(job).stream().filter(row -> row.state() == ServerState.MOVED).count();
    }
    return line(hosts, moved, seconds);
  }

  private static boolean over(DrainStore drains) {
    return drains.open(1).isEmpty();
  }

  private Line line(int hosts, int moved, double seconds) {
    double each = Math.max(1, moved);
    double look = Math.max(1, looks.sum() + moved);
    Map<String, Long> caused = CountedSql.taken(Cause.MIGRATION);
    Map<String, Long> polled = CountedSql.taken(Cause.CLOCK);
    return new Line(
        hosts,
        cloud.servers(),
        moved,
        seconds,
        sum(caused) / each,
        (agents.messages.sum() + asked.sum() + sent.sum()) / each,
        sum(polled) / look,
        sum(polled) / seconds,
        mostFrequent(caused, each),
        mostFrequent(polled, look));
  }

  private static double sum(Map<String, Long> statements) {
    return statements.values().stream().mapToLong(Long::longValue).sum();
  }

  private static Map<String, Double> mostFrequent(Map<String, Long> statements, double each) {
    Map<String, Double> counts = new LinkedHashMap<>();
    statements.entrySet().stream()
        .filter(entry -> entry.getValue() > 0)
        .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
        .forEach(entry -> counts.put(entry.getKey(), entry.getValue() / each));
    return counts;
  }

  /**
   * The same store, to be looked into by the clock; what is written there when a migration begins
   * or has ended is sent because of it.
   */
  private DrainStore looked(DrainStore drains) {
    return (DrainStore)
        Proxy.newProxyInstance(
            DrainStore.class.getClassLoader(),
            new Class<?>[] {DrainStore.class},
            (_, method, arguments) -> {
              if (method.getName().equals("servers")) {
                looks.increment();
              }
              return switch (method.getName()) {
                case "save" -> because(Cause.MIGRATION, () -> called(drains, method, arguments));
                case "find" -> because(Cause.EITHER, () -> called(drains, method, arguments));
                case "begin" -> {
                  Object begun = because(Cause.EITHER, () -> called(drains, method, arguments));
                  CountedSql.moved(begun == Begun.YES ? Cause.MIGRATION : Cause.CLOCK);
                  yield begun;
                }
                default -> called(drains, method, arguments);
              };
            });
  }

  private static Object called(DrainStore drains, Method method, @Nullable Object[] arguments)
      throws Exception {
    try {
      return method.invoke(drains, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  /** What is owed the conductors, without a broker. */
  private void deliver(SagaRunner runner) {
    OutboxStore outbox = cloud.bean(OutboxStore.class);
    List<Outbox.Entry> entries = outbox.take(500, LONG);
    if (entries.isEmpty()) {
      return;
    }
    for (Outbox.Entry entry : entries) {
      sent.increment();
      Matcher saga = SAGA.matcher(entry.body());
      if (saga.find()) {
        UUID id = UUID.fromString(saga.group());
        because(
            Cause.MIGRATION,
            () -> {
              runner.wake(id);
              return id;
            });
      }
    }
    outbox.sent(entries.stream().map(Outbox.Entry::number).toList());
  }

  private Schedulers schedulers() {
    HostMemory memory =
        new HostMemory(
            cloud.bean(HostStore.class),
            cloud.bean(AggregateStore.class),
            LONG,
            new Ratios(1, 512, 16, 1));
    DecisionStore decisions = cloud.bean(DecisionStore.class);
    Scheduler scheduler =
        new Scheduler(
            memory,
            cloud.bean(ClaimStore.class),
            Choosing.STANDARD,
            cloud.bean(ServerGroupStore.class)::rules,
            20,
            (request, decision) ->
                decisions.keep(request.request(), request.claim(), decision, 100_000, LONG));
    return (request, _) -> {
      asked.add(2);
      return new Asked.Answered<SchedulerAnswer>(
          because(
              Cause.MIGRATION,
              () ->
                  switch (request) {
                    case SchedulerRequest.SelectHost select ->
                        (SchedulerAnswer) scheduler.select(select);
                    case SchedulerRequest.PlanHosts plan -> scheduler.plan(plan);
                  }));
    };
  }

  private Stores stores() {
    return new Stores(
        cloud.bean(SagaStore.class),
        cloud.bean(ServerStore.class),
        cloud.bean(MigrationStore.class),
        cloud.bean(ClaimStore.class),
        cloud.bean(HostStore.class),
        cloud.bean(ImageStore.class),
        cloud.bean(ActionStore.class),
        cloud.bean(DiskCopyStore.class),
        cloud.bean(VolumeStore.class),
        cloud.bean(FenceStore.class),
        cloud.bean(EvacuationStore.class),
        cloud.bean(ColdMigrationStore.class),
        cloud.bean(AggregateStore.class));
  }

  private static DrainSettings drainSettings() {
    return new DrainSettings(
        LOOK, 2, 2, 0, 5, Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofHours(1));
  }

  private static ConductorSettings settings() {
    Duration second = Duration.ofSeconds(1);
    return new ConductorSettings(
        "bench",
        256,
        Duration.ofSeconds(30),
        second,
        second,
        second,
        LONG,
        new MigrationSettings(
            4,
            4,
            0,
            Duration.ofMillis(500),
            0,
            Duration.ofSeconds(800),
            AtDeadline.ABORT,
            false,
            true,
            0,
            Compression.NONE,
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofMinutes(30),
            Duration.ofSeconds(30),
            Duration.ofSeconds(10),
            false),
        new ServerSettings(
            Duration.ofSeconds(30), Duration.ofMinutes(30), Duration.ofSeconds(60), false));
  }
}
