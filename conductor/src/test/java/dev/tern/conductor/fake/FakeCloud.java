package dev.tern.conductor.fake;

import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.migration.FencedHosts;
import dev.tern.conductor.migration.Foreseeing;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.migration.MigrationSettings;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.saga.Bell;
import dev.tern.conductor.saga.Parked;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.contract.tracing.Tracing;
import dev.tern.store.ActionStore.EventRecord;
import dev.tern.store.FenceStore.FenceRecord;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.TurnStore.Waiting;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.springframework.dao.DataAccessException;

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

  private static final Duration SILENCE = Duration.ofMinutes(2);
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Duration BEAT = Duration.ofSeconds(10);
  private static final int LIVES = 20;

  public final FakeTime time = new FakeTime(this::passed);
  private final InMemoryStores stores = new InMemoryStores();
  private final WatchedSagas sagas = new WatchedSagas(stores.sagas(), this::written);
  private final Samples samples = new Samples(() -> stores);
  private final ServerId server;
  private final Requested request = Samples.request();
  private final MigrationRecord accepted;
  private long reports = 1;
  private Duration reported = Duration.ZERO;
  private boolean everInDoubt;
  private Set<String> openWhenWritten = Set.of();

  private final Map<HostName, FakeHost> machines = new LinkedHashMap<>();
  private HostName destination = AWAY;
  private String faultyStep = "";
  private Optional<Fault> fault = Optional.empty();
  private boolean fired;
  private final Map<HostName, Duration> silentUntil = new LinkedHashMap<>();
  private Optional<HostName> silentInStep = Optional.empty();

  /** Set: the source is lost once the guest was sent. */
  public boolean sourceIsLostAfterLeaving;

  /** Set: the copy does not arrive when it is sent. */
  public boolean copyDoesNotArrive;

  /** Set: a copy that came while its agent was away runs when its arrival is asked for. */
  public boolean copyArrivesWhenAsked;

  /** Set: the conductor dies once, after this has had its effect. */
  public Optional<Class<? extends AgentRequest>> diesAfter = Optional.empty();

  /** Set: nobody can be asked anything until then. */
  public Duration brokerAwayUntil = Duration.ZERO;

  /** Hosts whose agents answer, and cannot say what they have of the guest. */
  public final Set<HostName> cannotSay = new HashSet<>();

  /** Hosts whose QEMU is held, and until when: alive, and without an answer. */
  public final Map<HostName, Duration> qemuHeldUntil = new HashMap<>();

  /** Called whenever time has passed. */
  public Runnable meanwhile = () -> {};

  /** Set: by post-copy, during which the source's QEMU dies. */
  public boolean sourceDiesInPostCopy;

  /** Set: by post-copy, and what is still to come does not come before somebody says so. */
  public boolean postCopyLasts;

  /** Set: the source's QEMU ends when it has sent all, before that is recorded. */
  public boolean sourceEndsUnrecorded;

  /** Set: post-copy is allowed from the beginning. */
  public boolean postCopyAllowed;

  /** Set: the source does not hear its peer's last word, and its migration fails. */
  public boolean sourceFailsAfterLeaving;

  /** Called when the guest has been sent. */
  public Runnable whenItLeaves = () -> {};

  /** Set: what runs the guest has it paused, as its user wants. */
  public boolean pausedByItsUser;

  /** Set: its QEMU dies instead. */
  public boolean copyDies;

  /** Set: the destination is lost when it has said for the first time that the guest runs there. */
  public boolean lostOnceItSaidThatItRuns;

  /** Set: the destination cannot be heard for so long once the guest was sent. */
  public Duration silenceAfterLeaving = Duration.ZERO;

  /** Set: the disks' copy goes on until its end is forced. */
  public boolean copyLastsUntilForced;

  /** What happens at each question about that copy. */
  public Runnable duringCopy = () -> {};

  /** Set: no agent reports any more. */
  public boolean agentsAreSilent;

  /** Called before a line of the saga is written, and after. */
  public BiConsumer<LogLine, Boolean> watcher = (line, after) -> {};

  /** How disks are to move, as agents were told, without repetitions. */
  public final Set<Map<String, Way>> waysTold = new HashSet<>();

  /** Where each disk is to be put, as whoever may be a destination was told. */
  public final Set<Map<String, DiskPlace>> placesTold = new HashSet<>();

  /** Set: a third host can be chosen too. */
  public boolean third;

  public FakeCloud() {
    this(Optional.empty());
  }

  /** Of a migration whose request says how disks are to move. */
  public FakeCloud(Optional<Map<String, Way>> disks) {
    this(disks, Map.of());
  }

  /** Of one that says too where they are to be put. */
  public FakeCloud(Optional<Map<String, Way>> disks, Map<String, DiskPlace> places) {
    for (HostName name : List.of(HOME, AWAY, THIRD)) {
      machines.put(name, new FakeHost(name, this));
    }
    FakeHost home = host(HOME);
    home.qemu = true;
    home.runs = true;
    home.disk = true;
    machines.keySet().forEach(samples::host);
    server = samples.active(HOME).id();
    NewMigration plain = Samples.migration(server);
    accepted =
        stores
            .migrations()
            .requestLiveMigration(
                new NewMigration(
                    plain.id(),
                    plain.server(),
                    plain.requestedHost(),
                    plain.blockMigration(),
                    plain.diskOverCommit(),
                    plain.policy(),
                    plain.streams(),
                    disks,
                    places),
                request);
  }

  /** The agents of all hosts are of before disks could be put elsewhere. */
  public void oldAgents() {
    machines.values().forEach(machine -> machine.old = true);
  }

  // ---- what the database says

  /** The migration. */
  public MigrationRecord migration() {
    return stores.migrations().find(accepted.id()).orElseThrow();
  }

  /** The server. */
  public ServerRecord server() {
    return stores.servers().find(server).orElseThrow();
  }

  /** The saga's log. */
  public List<LogLine> log() {
    return sagas.log(accepted.saga());
  }

  /** Events of the request with how they ended, or {@code open}. */
  public Map<String, String> events() {
    return stores.actions().find(server, request.request()).orElseThrow().events().stream()
        .collect(
            Collectors.toMap(
                EventRecord::event,
                event -> event.result().orElse("open"),
                (one, other) -> one + " " + other));
  }

  /**
   * Events that the conductor had left open when it last wrote; the ending closes all there are.
   */
  public Set<String> openBeforeTheEnd() {
    return openWhenWritten;
  }

  /** Whether nobody could say where the guest runs, at some time. */
  public boolean wasInDoubt() {
    return everInDoubt;
  }

  private boolean ended() {
    return migration().endedAt().isPresent();
  }

  private void passed(Duration passed) {
    stores.pass(passed);
    everInDoubt |= migration().inDoubt();
    meanwhile.run();
    if (!agentsAreSilent && time.now().minus(reported).compareTo(BEAT) >= 0) {
      reported = time.now();
      reports++;
      machines.keySet().forEach(name -> stores.hosts().report(Samples.report(name, 1, reports)));
    }
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

  /** Nothing is heard of it from now on. */
  public void isLost(HostName name) {
    silentUntil.put(name, Duration.ofDays(10_000));
  }

  /** Nothing is heard of it for so long. */
  public void silentFor(HostName name, Duration time) {
    silentUntil.put(name, this.time.now().plus(time));
  }

  /** It answers again, and reports. */
  public void comesBack(HostName name) {
    silentUntil.remove(name);
    stores.hosts().report(Samples.report(name, 2, 1));
  }

  private static AgentAnswer asWhileHeld(AgentRequest request) {
    return request instanceof AgentRequest.AskGuest
        ? new AgentAnswer.Done(new GuestReport(GuestReport.Runner.UNKNOWN, 3, "no answer"))
        : new AgentAnswer.Refused(
            new Failure(ErrorCode.HYPERVISOR_FAILED, "QEMU did not answer within 5 s"));
  }

  /**
   * An operator states that the host is dead.
   *
   * @throws ComputeException when no migration waits for it so
   */
  public void stateFenced(HostName name) {
    var _ = stores.fences().state(accepted.id(), name, Runs.ELSEWHERE, Samples.request());
  }

  /**
   * An operator states that the source is lost for good, and nobody runs the guest.
   *
   * @throws ComputeException when no migration waits for it so
   */
  public void stateLost(HostName name) {
    var _ = stores.fences().state(accepted.id(), name, Runs.NOWHERE, Samples.request());
  }

  /** What was stated. */
  public Optional<FenceRecord> fence() {
    return stores.fences().of(accepted.id());
  }

  /** The server is deleted; before, another operation of it asked that host something. */
  public void isDeletedAfterItAsked(HostName name) {
    ServerRecord deleting = stores.servers().requestDelete(server, Samples.request());
    AgentAnswer answer =
        host(name)
            .answer(
                new AgentRequest.AskGuest(
                    new AgentRequest.Header(
                        Samples.request().request(), server, deleting.epoch(), Optional.empty())));
    if (!(answer instanceof AgentAnswer.Done)) {
      throw new IllegalStateException("not asked: " + answer);
    }
    stores.servers().deleted(samples.lease(server), server);
  }

  /** A stop of the server, in error as it is, reached that host and came to nothing. */
  public void isStoppedInVain(HostName name) {
    ServerRecord stopping = stores.servers().requestStop(server, Samples.request());
    AgentAnswer answer =
        host(name)
            .answer(
                new AgentRequest.AskGuest(
                    new AgentRequest.Header(
                        Samples.request().request(), server, stopping.epoch(), Optional.empty())));
    if (!(answer instanceof AgentAnswer.Done)) {
      throw new IllegalStateException("not asked: " + answer);
    }
    stores
        .servers()
        .failed(
            samples.lease(server),
            server,
            VmState.ERROR,
            PowerState.NOSTATE,
            Samples.FAILURE,
            false);
  }

  /** Tells hosts that are back how it ended without them. */
  public void tellFencedHosts() {
    new FencedHosts(stores.fences(), stores.hosts(), stores.servers(), this::askAnybody, settings())
        .look();
  }

  boolean goesOnWithout(FakeHost host) {
    return fence()
        .filter(fence -> fence.reliedOnAt().isPresent() && fence.host().equals(host.name))
        .isPresent();
  }

  private Asked<AgentAnswer> askAnybody(HostName name, AgentRequest request, Duration deadline) {
    return silent(name)
        ? new Asked.NoAnswer<>("silent")
        : new Asked.Answered<>(host(name).answer(request));
  }

  /** The fault happens once, at the first question of the step (or at its writing). */
  public void fail(String step, Fault how) {
    faultyStep = step;
    fault = Optional.of(how);
  }

  /** What happens while the migration waits for its turn. */
  public Runnable whenParked = () -> {};

  /** So many others leave the same host, and have their turns. */
  public List<MigrationRecord> othersMove(int count) {
    List<MigrationRecord> others = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      MigrationRecord other = samples.accepted(samples.active(HOME).id());
      Lease lease = samples.lease(other.server());
      ClaimId claim = samples.claim(other.server(), THIRD);
      stores.migrations().planned(lease, other.id(), THIRD, claim, 1);
      stores.migrations().entered(lease, other.id(), MigrationStatus.QUEUED, Phase.BEGIN);
      if (!stores.migrations().takeTurn(other.id(), settings().migration().atOnce())) {
        throw new AssertionError("no turn for " + other.id());
      }
      sagas.giveBack(lease);
      others.add(other);
    }
    return others;
  }

  /** Another ends, and whose turn it is then is seen to. */
  public void ends(MigrationRecord other) {
    Lease lease = sagas.lease(other.saga(), "another", LEASE).map(SagaRecord::lease).orElseThrow();
    stores.migrations().rolledBack(lease, other.id(), MigrationStatus.FAILED, Samples.FAILURE);
    int _ = stores.migrations().giveTurns(settings().migration().atOnce());
  }

  /** For what the migration waits. */
  public Optional<Waiting> waiting() {
    return Optional.ofNullable(
        stores.migrations().waiting(List.of(accepted.id())).get(accepted.id()));
  }

  /** The user wants it to end at home. */
  public void requestAbort() {
    stores.migrations().requestAbort(server, accepted.number(), Samples.request());
  }

  /** The user changes the policy. */
  public void requestPolicy(PolicyParts parts) {
    var _ = stores.migrations().requestPolicy(accepted.id(), parts, Samples.request());
  }

  /** The user wants the end now. */
  public void requestForceComplete() {
    stores.migrations().requestForceComplete(server, accepted.number(), Samples.request());
  }

  /** The policies the source was told while it copied, oldest first. */
  public List<MovePolicy> policiesTold() {
    return List.copyOf(host(HOME).policies);
  }

  /** Whether it has happened. */
  public boolean failed() {
    return fired;
  }

  /** Whether what the guest said before it moved is there. */
  public boolean hasEarlierConsole(HostName name) {
    return host(name).earlierConsole;
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
    stores.claims().of(server).forEach(claim -> all.add("claim " + claim.host()));
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
    if (sourceIsLostAfterLeaving) {
      isLost(HOME);
    }
    whenItLeaves.run();
    if (copyDies) {
      to.qemuDies();
    } else if (!copyDoesNotArrive) {
      to.load();
    }
  }

  /** Whoever lets a copy run that waits for that. */
  void checkSourceLetGo() {
    FakeHost home = host(HOME);
    if (!home.letGo() && !goesOnWithout(home)) {
      throw new AssertionError("let run while its source may fail and run the guest");
    }
  }

  public final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

  /** Set: who watches guests. */
  public Foreseeing.By foreseeing = Foreseeing.By.NOBODY;

  /** Set: conductors tell of their work. */
  public Tracing tracing = Tracing.OFF;

  /** Conductors run the saga, one after the other, until it has ended. */
  public void run() throws InterruptedException {
    for (int life = 0; life < LIVES && !ended(); life++) {
      SagaRunner.Teller conductor =
          new Sagas(
              new Stores(
                  sagas,
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
              this::ask,
              this::choose,
              time.time(),
              settings(postCopyAllowed, false),
              new MigrationMeters(metrics),
              foreseeing,
              tracing);
      SagaRecord leased = sagas.lease(accepted.saga(), "conductor", LEASE).orElseThrow();
      try {
        conductor.run(leased, new Bell());
      } catch (Parked e) {
        sagas.giveBack(leased.lease());
        whenParked.run();
      } catch (ConductorDied e) {
        silentInStep = Optional.empty();
        time.pass(LEASE);
      } catch (DataAccessException e) {
        // The saga breaks off, and waits for the end of its lease.
        time.pass(LEASE);
      }
    }
    if (!ended()) {
      throw new AssertionError("the saga did not end: " + log());
    }
  }

  static ConductorSettings settings() {
    return settings(false, false);
  }

  /** Of conductors that let a server be resized where it is, or do not. */
  static ConductorSettings settingsWhereServersStay(boolean may) {
    return settings(false, may);
  }

  private static ConductorSettings settings(boolean postCopyAllowed, boolean mayStay) {
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
            4,
            0,
            Duration.ofMillis(100),
            0,
            Duration.ofSeconds(800),
            AtDeadline.ABORT,
            postCopyAllowed,
            true,
            0,
            Compression.NONE,
            Duration.ofSeconds(20),
            Duration.ofSeconds(60),
            Duration.ofMinutes(30),
            Duration.ofSeconds(30),
            Duration.ofSeconds(10),
            false),
        new ServerSettings(
            Duration.ofSeconds(30), Duration.ofMinutes(30), Duration.ofSeconds(60), mayStay));
  }

  private Asked<AgentAnswer> ask(HostName name, AgentRequest request, Duration deadline) {
    if (time.now().compareTo(brokerAwayUntil) < 0) {
      time.pass(Duration.ofMillis(100));
      return new Asked.NoAnswer<>("the broker is away", Asked.Cause.NO_BROKER);
    }
    if (silent(name)) {
      time.pass(deadline);
      return new Asked.NoAnswer<>("silent");
    }
    if (qemuHeldUntil.getOrDefault(name, Duration.ZERO).compareTo(time.now()) > 0) {
      return new Asked.Answered<>(asWhileHeld(request));
    }
    if (request instanceof AgentRequest.AskGuest && cannotSay.contains(name)) {
      return new Asked.Answered<>(
          new AgentAnswer.Refused(
              new Failure(ErrorCode.HYPERVISOR_FAILED, "the journal is damaged")));
    }
    Optional<Fault> now = fires();
    if (now.isEmpty()) {
      AgentAnswer answer = host(name).answer(request);
      if (diesAfter.filter(kind -> kind.isInstance(request)).isPresent()) {
        diesAfter = Optional.empty();
        throw died(answer);
      }
      if (lostOnceItSaidThatItRuns && name.equals(AWAY) && saysThatItRuns(answer)) {
        isLost(name);
        qemuDies(name);
      }
      return new Asked.Answered<>(answer);
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

  private static boolean saysThatItRuns(AgentAnswer answer) {
    return answer instanceof AgentAnswer.Done(GuestReport report)
        && report.runner() == GuestReport.Runner.RUNNING;
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

  boolean silent(HostName name) {
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
    watcher.accept(line, after);
    openWhenWritten =
        events().entrySet().stream()
            .filter(event -> event.getValue().equals("open"))
            .map(Map.Entry::getKey)
            .collect(Collectors.toSet());
    if (fired || fault.isEmpty() || !line.step().equals(faultyStep)) {
      return;
    }
    boolean started = line.what().equals("started");
    boolean done = line.what().equals("done");
    if (fault.get() == Fault.ABORTED && started && after) {
      fired = true;
      abort();
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

  // Once the guest was handed over, the database takes no abort any more.
  private void abort() {
    try {
      stores.migrations().requestAbort(server, accepted.number(), Samples.request());
    } catch (ComputeException e) {
      if (e.code() != ErrorCode.INVALID_MIGRATION_STATE
          || migration().phase().compareTo(Phase.FINISH) < 0) {
        throw e;
      }
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
            stores.claims().claim(wanted.claim(), server, name, wanted.resources(), Samples.PLENTY);
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
