package dev.tern.bench;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.scheduler.HostMemory;
import dev.tern.scheduler.HostView;
import dev.tern.scheduler.Scheduler;
import dev.tern.scheduler.Scheduler.Choosing;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.AggregateStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.DecisionStore;
import dev.tern.store.HostStore;
import dev.tern.store.PlacementRules;
import dev.tern.store.ServerGroupStore;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Chooses hosts among many: in memory alone, and with all that the database is asked for. */
final class SchedulerBench {
  private static final Duration LONG = Duration.ofDays(1);
  private static final Resources SHARE = new Resources(1, 512, 1 << 20);
  private static final String REFRESH = "bring hosts up to date";

  private final ApiCloud cloud;
  private final HostMemory memory;

  SchedulerBench(ApiCloud cloud) {
    this.cloud = cloud;
    this.memory =
        new HostMemory(
            cloud.bean(HostStore.class),
            cloud.bean(AggregateStore.class),
            LONG,
            new Ratios(1, 512, 16, 1));
  }

  /** One line of figures. */
  record Line(String what, double medianMillis, double p99Millis, double mostMillis) {
    static Line of(String what, double... millis) {
      double[] sorted = millis.clone();
      Arrays.sort(sorted);
      return new Line(
          what,
          Figures.median(sorted),
          sorted[(int) Math.ceil(sorted.length * 0.99) - 1],
          sorted[sorted.length - 1]);
    }
  }

  /**
   * Measures.
   *
   * @throws IOException when no host was chosen; then nothing is told
   */
  List<Line> run(int warmUps, int rounds) throws IOException {
    Scheduler inMemory =
        new Scheduler(
            new AsItIs(memory),
            new Granting(),
            Choosing.STANDARD,
            _ -> PlacementRules.NONE,
            20,
            (_, _) -> {});
    DecisionStore decisions = cloud.bean(DecisionStore.class);
    Function<ServerId, PlacementRules> rules = cloud.bean(ServerGroupStore.class)::rules;
    Scheduler whole =
        new Scheduler(
            memory,
            cloud.bean(ClaimStore.class),
            Choosing.STANDARD,
            rules,
            20,
            (request, decision) ->
                decisions.keep(request.request(), request.claim(), decision, 100_000, LONG));
    double[] refresh = new double[Math.max(1, rounds / 50)];
    double first = millis(this::refresh);
    for (int round = 0; round < refresh.length; round++) {
      refresh[round] = millis(this::refresh);
    }
    return List.of(
        Line.of("read all hosts and reports once", first),
        Line.of(REFRESH, refresh),
        Line.of("pick a host", measure(inMemory, this::newServer, 1, warmUps, rounds)),
        Line.of("pick one to migrate to", measure(inMemory, this::migration, 3, warmUps, rounds)),
        Line.of(
            "pick, check, claim, keep the decision",
            measure(whole, this::newServer, 2, warmUps, rounds)));
  }

  private void refresh() {
    var _ = memory.refresh();
  }

  private double[] measure(
      Scheduler scheduler,
      BiFunction<Integer, Integer, SelectHost> asked,
      int series,
      int warmUps,
      int rounds)
      throws IOException {
    double[] millis = new double[rounds];
    for (int round = -warmUps; round < rounds; round++) {
      SelectHost question = asked.apply(series, round + warmUps);
      long start = System.nanoTime();
      Object answer = scheduler.select(question);
      double took = (System.nanoTime() - start) / 1e6;
      if (!(answer instanceof Selected)) {
        throw new IOException("No host was chosen: " + answer);
      }
      if (round >= 0) {
        millis[round] = took;
      }
    }
    return millis;
  }

  private SelectHost newServer(int series, int number) {
    return question(series, number, Optional.empty());
  }

  /** Away from one of the hosts, to one that can run what runs there. */
  private SelectHost migration(int series, int number) {
    return question(series, number, Optional.of(memory.lately().iterator().next().report()));
  }

  private SelectHost question(int series, int number, Optional<HostReport> source) {
    ServerId server = ServerId.parse(cloud.server(1 + number % cloud.servers()));
    return new SelectHost(
        RequestId.of(server.value()),
        new ClaimId(new UUID(series, number)),
        server,
        SHARE,
        Optional.empty(),
        source.map(HostReport::host),
        source.map(report ->
            new GuestNeeds(
                report.hypervisorType(),
                report.hypervisorVersion(),
                report.machineTypes().getFirst(),
                report.accelerator())),
        Map.of());
  }

  private static double millis(Runnable what) {
    long start = System.nanoTime();
    what.run();
    return (System.nanoTime() - start) / 1e6;
  }

  /** What is in memory, taken for the truth. */
  private record AsItIs(HostMemory memory) implements HostView {
    @Override
    public Collection<HostState> lately() {
      return memory.lately();
    }

    @Override
    public Collection<HostState> now() {
      return memory.lately();
    }

    @Override
    public Optional<HostState> now(HostName host) {
      return memory.now(host);
    }

    @Override
    public boolean mayBeOld() {
      return false;
    }

    @Override
    public void claimed(HostName host, Resources share) {}
  }

  /** Has room for everything, at once. */
  private static final class Granting implements ClaimStore {
    @Override
    public Optional<ClaimRecord> claim(
        ClaimId claim, ServerId server, HostName host, Resources share, Resources limits) {
      return Optional.of(new ClaimRecord(claim, server, host, share));
    }

    @Override
    public Optional<ClaimRecord> find(ClaimId claim) {
      return Optional.empty();
    }

    @Override
    public List<ClaimRecord> of(ServerId server) {
      return List.of();
    }

    @Override
    public List<ClaimRecord> on(HostName host, Optional<ClaimId> after, int limit) {
      return List.of();
    }

    @Override
    public Optional<ClaimTrace> trace(ClaimId claim) {
      return Optional.empty();
    }

    @Override
    public void release(ClaimId claim) {}
  }
}
