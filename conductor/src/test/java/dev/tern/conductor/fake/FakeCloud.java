package dev.tern.conductor.fake;

import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.migration.MigrationSettings;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.SagaStore.SagaRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

/** Two hosts (and a third for choosing), a scheduler, a database, and what can go wrong. */
public final class FakeCloud {
  public static final HostName HOME = new HostName("host-1");
  public static final HostName AWAY = new HostName("host-2");
  public static final HostName THIRD = new HostName("host-3");

  /** What is left when the guest is where it was. */
  public static final List<String> AT_HOME =
      List.of("claim host-1", "host-1 disk", "host-1 guest runs", "host-1 qemu");

  /** What is left when it has moved. */
  public static final List<String> AT_DESTINATION =
      List.of("claim host-2", "host-2 disk", "host-2 guest runs", "host-2 qemu");

  /** What happens to the first question of a step. */
  public enum Fault {
    REFUSED,
    /** Only this answer is lost. */
    ANSWER_LOST,
    /** It is done, and nobody hears of it until the step is given up or some time has passed. */
    SILENT_AFTER_THE_EFFECT,
    SILENT_BEFORE_THE_EFFECT,
    REPEATED,
    CONDUCTOR_DIES_AFTER_THE_EFFECT,
    CONDUCTOR_DIES_BEFORE_WRITING_IT,
    CONDUCTOR_DIES_AFTER_WRITING_IT,
    ABORTED
  }

  private static final ServerId SERVER = new ServerId(new UUID(0, 1));
  private static final MigrationId MIGRATION = new MigrationId(new UUID(0, 2));
  private static final UUID SAGA = new UUID(0, 3);
  private static final RequestId REQUEST = RequestId.of(new UUID(0, 4));
  private static final ClaimId HOME_CLAIM = new ClaimId(new UUID(0, 5));
  private static final Duration SILENCE = Duration.ofMinutes(2);
  private static final int LIVES = 20;

  public final FakeTime time = new FakeTime();
  public final KeptClaims claims = new KeptClaims();
  public final KeptSagas sagas =
      new KeptSagas(
          new SagaRecord(
              SAGA,
              SagaKind.LIVE_MIGRATION,
              SERVER,
              Optional.of(MIGRATION),
              REQUEST,
              new dev.tern.store.SagaStore.Lease(SAGA, 0, Duration.ofSeconds(30)),
              Optional.empty(),
              "{}",
              false));
  public final KeptMigration migration =
      new KeptMigration(MIGRATION, SERVER, SAGA, HOME, HOME_CLAIM, sagas, claims);
  public final KeptActions actions = new KeptActions();
  public final KeptHosts hosts = new KeptHosts();

  private final Map<HostName, FakeHost> machines = new LinkedHashMap<>();
  private HostName destination = AWAY;
  private String faultyStep = "";
  private Optional<Fault> fault = Optional.empty();
  private boolean fired;
  private final Map<HostName, Duration> silentUntil = new LinkedHashMap<>();
  private Optional<HostName> silentInStep = Optional.empty();

  /** Set: the copy does not arrive when it is sent. */
  public boolean copyDoesNotArrive;

  /** Set: its QEMU dies instead. */
  public boolean copyDies;

  /** Set: the destination cannot be heard for so long once the guest was sent. */
  public Duration silenceAfterLeaving = Duration.ZERO;

  /** Set: the disks' copy goes on until its end is forced. */
  public boolean copyLastsUntilForced;

  /** What happens at each question about that copy. */
  public Runnable duringCopy = () -> {};

  /** Set: a third host can be chosen too. */
  public boolean third;

  public FakeCloud() {
    for (HostName name : List.of(HOME, AWAY, THIRD)) {
      machines.put(name, new FakeHost(name, this));
    }
    FakeHost home = host(HOME);
    home.qemu = true;
    home.runs = true;
    home.disk = true;
    Resources share = new Resources(1, 128, 1);
    var kept = claims.claim(HOME_CLAIM, SERVER, HOME, share, share);
    assert kept.isPresent();
    sagas.watcher = this::written;
  }

  FakeHost host(HostName name) {
    FakeHost host = machines.get(name);
    if (host == null) {
      throw new IllegalArgumentException("no host " + name);
    }
    return host;
  }

  /** What an agent says, undisturbed. */
  public synchronized AgentAnswer answer(HostName name, AgentRequest request) {
    return host(name).answer(request);
  }

  FakeHost destination() {
    return host(destination);
  }

  /** The fault happens once, at the first question of the step (or at its writing). */
  public void fail(String step, Fault how) {
    faultyStep = step;
    fault = Optional.of(how);
  }

  /** The policies the source was told while it copied, oldest first. */
  public List<MovePolicy> policiesTold() {
    return List.copyOf(host(HOME).policies);
  }

  /** Whether it has happened. */
  public boolean failed() {
    return fired;
  }

  /** It sends and receives in plaintext. */
  public void insecure(HostName name) {
    host(name).insecure = true;
  }

  /** Its QEMU is gone, from now on. */
  public void qemuDies(HostName name) {
    host(name).qemuDies();
  }

  /** All that is there, on both hosts and in the database. */
  public Set<String> things() {
    Set<String> all = new TreeSet<>();
    machines.values().forEach(machine -> machine.things(all));
    claims.all.values().forEach(claim -> all.add("claim " + claim.host()));
    return all;
  }

  void checkOneRunner() {
    long running = machines.values().stream().filter(machine -> machine.runs).count();
    if (running > 1) {
      throw new AssertionError("two guests run: " + things());
    }
  }

  void leaves(FakeHost to) {
    if (!silenceAfterLeaving.isZero()) {
      silentUntil.put(to.name, time.now().plus(silenceAfterLeaving));
    }
    if (copyDies) {
      to.qemuDies();
    } else if (!copyDoesNotArrive) {
      to.arrive();
    }
  }

  public final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

  /** Conductors run the saga, one after the other, until it has ended. */
  public void run() throws InterruptedException {
    for (int life = 0; life < LIVES && !sagas.ended(); life++) {
      SagaRunner.Teller conductor =
          new Sagas(
              new Stores(
                  sagas,
                  new NoServers(),
                  migration,
                  claims,
                  hosts,
                  new NoImages(),
                  actions,
                  new KeptCopies(sagas)),
              this::ask,
              this::choose,
              time.time(),
              settings(),
              new MigrationMeters(metrics));
      try {
        conductor.run(sagas.lease(SAGA, "conductor", Duration.ofSeconds(30)).orElseThrow());
      } catch (ConductorDied e) {
        silentInStep = Optional.empty();
      }
    }
    if (!sagas.ended()) {
      throw new AssertionError("the saga did not end: " + sagas.log(SAGA));
    }
  }

  static ConductorSettings settings() {
    Duration second = Duration.ofSeconds(1);
    return new ConductorSettings(
        "conductor",
        1,
        Duration.ofSeconds(30),
        second,
        second,
        second,
        Duration.ofSeconds(60),
        new MigrationSettings(
            4,
            Duration.ofMillis(100),
            0,
            Duration.ofSeconds(800),
            AtDeadline.ABORT,
            false,
            true,
            0,
            Compression.NONE,
            Duration.ofSeconds(20),
            Duration.ofSeconds(60),
            Duration.ofMinutes(30),
            Duration.ofSeconds(30),
            Duration.ofSeconds(10),
            false),
        new ServerSettings(Duration.ofSeconds(30), Duration.ofMinutes(30), Duration.ofSeconds(60)));
  }

  private Asked<AgentAnswer> ask(HostName name, AgentRequest request, Duration deadline) {
    if (silent(name)) {
      time.pass(deadline);
      return new Asked.NoAnswer<>("silent");
    }
    Optional<Fault> now = fires();
    if (now.isEmpty()) {
      return new Asked.Answered<>(host(name).answer(request));
    }
    return switch (now.get()) {
      case REFUSED ->
          new Asked.Answered<>(
              new AgentAnswer.Refused(new Failure(ErrorCode.HYPERVISOR_FAILED, "it broke")));
      case ANSWER_LOST -> {
        AgentAnswer lost = host(name).answer(request);
        yield new Asked.NoAnswer<>("lost: " + lost);
      }
      case SILENT_AFTER_THE_EFFECT -> {
        AgentAnswer lost = host(name).answer(request);
        fallSilent(name);
        yield new Asked.NoAnswer<>("lost: " + lost);
      }
      case SILENT_BEFORE_THE_EFFECT -> {
        fallSilent(name);
        yield new Asked.NoAnswer<>("silent");
      }
      case REPEATED -> {
        AgentAnswer first = host(name).answer(request);
        AgentAnswer second = host(name).answer(request);
        if (!first.getClass().equals(second.getClass())) {
          throw new AssertionError("not one effect: " + first + ", " + second);
        }
        yield new Asked.Answered<>(second);
      }
      case CONDUCTOR_DIES_AFTER_THE_EFFECT -> {
        AgentAnswer lost = host(name).answer(request);
        throw died(lost);
      }
      case ABORTED, CONDUCTOR_DIES_BEFORE_WRITING_IT, CONDUCTOR_DIES_AFTER_WRITING_IT ->
          throw new IllegalStateException("does not happen to a question");
    };
  }

  private static ConductorDied died(AgentAnswer unheard) {
    assert unheard != null;
    return new ConductorDied();
  }

  // Until the step is given up; for good steps after the pivot, for a while.
  private void fallSilent(HostName name) {
    silentInStep = Optional.of(name);
    silentUntil.put(name, time.now().plus(SILENCE));
  }

  private boolean silent(HostName name) {
    if (silentInStep.filter(name::equals).isPresent() && sagas.goesBack()) {
      silentInStep = Optional.empty();
      silentUntil.remove(name);
    }
    return time.now().compareTo(silentUntil.getOrDefault(name, Duration.ZERO)) < 0;
  }

  private Optional<Fault> fires() {
    if (fired || sagas.goesBack() || !sagas.step().equals(faultyStep)) {
      return Optional.empty();
    }
    Optional<Fault> now =
        fault.filter(how ->
            switch (how) {
              case ABORTED, CONDUCTOR_DIES_BEFORE_WRITING_IT, CONDUCTOR_DIES_AFTER_WRITING_IT ->
                  false;
              case REFUSED,
                  ANSWER_LOST,
                  SILENT_AFTER_THE_EFFECT,
                  SILENT_BEFORE_THE_EFFECT,
                  REPEATED,
                  CONDUCTOR_DIES_AFTER_THE_EFFECT ->
                  true;
            });
    fired = now.isPresent();
    return now;
  }

  private void written(LogLine line, boolean after) {
    if (fired || fault.isEmpty() || !line.step().equals(faultyStep)) {
      return;
    }
    boolean started = line.what().equals("started");
    boolean done = line.what().equals("done");
    if (fault.get() == Fault.ABORTED && started && after) {
      fired = true;
      sagas.abort();
    }
    boolean dies =
        fault.get()
            == (after
                ? Fault.CONDUCTOR_DIES_AFTER_WRITING_IT
                : Fault.CONDUCTOR_DIES_BEFORE_WRITING_IT);
    if (dies && done) {
      fired = true;
      throw new ConductorDied();
    }
  }

  private Asked<SchedulerAnswer> choose(SchedulerRequest request, Duration deadline) {
    SelectHost wanted = (SelectHost) request;
    Optional<Fault> now = fires();
    boolean lost =
        now.filter(how -> how == Fault.SILENT_BEFORE_THE_EFFECT || how == Fault.ANSWER_LOST)
            .isPresent();
    if (lost) {
      time.pass(Asking.ONCE);
      return new Asked.NoAnswer<>("lost");
    }
    if (now.filter(how -> how == Fault.REFUSED).isPresent()) {
      return new Asked.Answered<>(
          new SchedulerAnswer.NoHost(
              new Failure(ErrorCode.NO_VALID_HOST, "No valid host was found."), Map.of()));
    }
    Asked<SchedulerAnswer> answer = new Asked.Answered<>(select(wanted));
    if (now.filter(how -> how == Fault.CONDUCTOR_DIES_AFTER_THE_EFFECT).isPresent()) {
      throw new ConductorDied();
    }
    return now.filter(how -> how == Fault.SILENT_AFTER_THE_EFFECT).isPresent()
        ? new Asked.NoAnswer<>("lost")
        : answer;
  }

  private SchedulerAnswer select(SelectHost wanted) {
    for (HostName name : third ? List.of(AWAY, THIRD) : List.of(AWAY)) {
      if (!wanted.refused().containsKey(name)) {
        destination = name;
        var claim =
            claims.claim(wanted.claim(), SERVER, name, wanted.resources(), wanted.resources());
        return new SchedulerAnswer.Selected(claim.orElseThrow().host(), wanted.claim());
      }
    }
    String all =
        wanted.refused().entrySet().stream()
            .map(reason -> reason.getKey() + ": " + reason.getValue().message())
            .collect(Collectors.joining("; "));
    return new SchedulerAnswer.NoHost(
        new Failure(ErrorCode.NO_VALID_HOST, "No valid host was found. " + all), wanted.refused());
  }
}
