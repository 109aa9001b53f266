package dev.tern.conductor.fake;

import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.PowerState;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CopyOrder;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.DiskCopyStore.Purpose;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.ServerStore.ServerRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** One host with one disk, conductors that die, and what can go wrong between them. */
public final class DiskCloud {
  public static final UUID SAGA = new UUID(0, 3);
  public static final UUID COPY = new UUID(0, 6);
  private static final HostName HOST = new HostName("host-1");
  private static final ServerId SERVER = new ServerId(new UUID(0, 1));
  private static final RequestId REQUEST = RequestId.of(new UUID(0, 4));
  private static final Duration SILENCE = Duration.ofMinutes(2);
  private static final int LIVES = 20;

  public final FakeTime time = new FakeTime();
  public final FakeDisk disk = new FakeDisk();
  public final KeptSagas sagas;
  public final KeptCopies copies;
  private final SagaKind kind;
  private String faultyStep = "";
  private Optional<Fault> fault = Optional.empty();
  private boolean fired;
  private Duration silentUntil = Duration.ZERO;
  private boolean silentInStep;

  public DiskCloud(SagaKind kind, Optional<Wish> wish) {
    this.kind = kind;
    Lease lease = new Lease(SAGA, 0, Duration.ofSeconds(30));
    sagas =
        new KeptSagas(
            new SagaRecord(
                SAGA,
                kind,
                SERVER,
                Optional.empty(),
                REQUEST,
                lease,
                Optional.empty(),
                "{}",
                false));
    copies = new KeptCopies(sagas);
    copies.accept(SAGA, purpose(), new NewCopy(SERVER, order(), wish));
    sagas.watcher = this::written;
  }

  private Purpose purpose() {
    return switch (kind) {
      case DISK_COPY -> Purpose.COPY;
      case DISK_SNAPSHOT -> Purpose.SNAPSHOT;
      case CREATE_IMAGE -> Purpose.IMAGE;
      case BOOT, START, STOP, DELETE, LIVE_MIGRATION ->
          throw new IllegalArgumentException("no operation on a disk: " + kind);
    };
  }

  private static CopyOrder order() {
    return new CopyOrder(
        COPY,
        "disk0",
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        false,
        true,
        0);
  }

  /** The fault happens once, at the first question of the step (or at its writing). */
  public void fail(String step, Fault how) {
    faultyStep = step;
    fault = Optional.of(how);
  }

  /** Whether it has happened. */
  public boolean failed() {
    return fired;
  }

  /** Conductors run the saga, one after the other, until it has ended. */
  public void run() throws InterruptedException {
    for (int life = 0; life < LIVES && !sagas.ended(); life++) {
      SagaRunner.Teller conductor =
          new Sagas(
              new Stores(
                  sagas,
                  new OneServer(server()),
                  new KeptMigration(
                      new dev.tern.contract.MigrationId(new UUID(0, 2)),
                      SERVER,
                      SAGA,
                      HOST,
                      new dev.tern.contract.ClaimId(new UUID(0, 5)),
                      sagas,
                      new KeptClaims()),
                  new KeptClaims(),
                  new KeptHosts(),
                  new NoImages(),
                  new KeptActions(),
                  copies),
              this::ask,
              (_, _) -> {
                throw new IllegalStateException("no scheduler is needed");
              },
              time.time(),
              settings(),
              new MigrationMeters(new SimpleMeterRegistry()));
      try {
        conductor.run(sagas.lease(SAGA, "conductor", Duration.ofSeconds(30)).orElseThrow());
      } catch (ConductorDied e) {
        silentInStep = false;
      }
    }
    if (!sagas.ended()) {
      throw new AssertionError("the saga did not end: " + sagas.log(SAGA));
    }
  }

  private static ServerRecord server() {
    return new ServerRecord(
        SERVER,
        "guest",
        "guest",
        "ursula",
        "sea",
        new FlavorRecord("t", "t", 1, 128, 1, 0, 0, true, Map.of(), Optional.empty()),
        new ImageId(new UUID(0, 8)),
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        VmState.ACTIVE,
        Optional.of(TaskState.COPYING_DISK),
        PowerState.RUNNING,
        3,
        Optional.of(HOST),
        Optional.empty(),
        0,
        Optional.empty(),
        Instant.EPOCH,
        Instant.EPOCH,
        Optional.empty(),
        Optional.empty());
  }

  private static ConductorSettings settings() {
    return FakeCloud.settings();
  }

  private Asked<AgentAnswer> ask(HostName name, AgentRequest request, Duration deadline) {
    if (silent()) {
      time.pass(deadline);
      return new Asked.NoAnswer<>("silent");
    }
    Optional<Fault> now = fires();
    if (now.isEmpty()) {
      return new Asked.Answered<>(disk.answer(request));
    }
    return switch (now.get()) {
      case REFUSED ->
          new Asked.Answered<>(
              new AgentAnswer.Refused(new Failure(ErrorCode.HYPERVISOR_FAILED, "it broke")));
      case ANSWER_LOST -> new Asked.NoAnswer<>("lost: " + disk.answer(request));
      case SILENT_AFTER_THE_EFFECT -> {
        AgentAnswer lost = disk.answer(request);
        fallSilent();
        yield new Asked.NoAnswer<>("lost: " + lost);
      }
      case SILENT_BEFORE_THE_EFFECT -> {
        fallSilent();
        yield new Asked.NoAnswer<>("silent");
      }
      case REPEATED -> {
        AgentAnswer first = disk.answer(request);
        AgentAnswer second = disk.answer(request);
        if (!first.getClass().equals(second.getClass())) {
          throw new AssertionError("not one effect: " + first + ", " + second);
        }
        yield new Asked.Answered<>(second);
      }
      case CONDUCTOR_DIES_AFTER_THE_EFFECT -> {
        AgentAnswer unheard = disk.answer(request);
        assert unheard != null;
        throw new ConductorDied();
      }
      case ABORTED, CONDUCTOR_DIES_BEFORE_WRITING_IT, CONDUCTOR_DIES_AFTER_WRITING_IT ->
          throw new IllegalStateException("does not happen to a question");
    };
  }

  private void fallSilent() {
    silentInStep = true;
    silentUntil = time.now().plus(SILENCE);
  }

  // Until the step is given up; for steps that are not, for a while.
  private boolean silent() {
    if (silentInStep && sagas.goesBack()) {
      silentInStep = false;
      silentUntil = Duration.ZERO;
    }
    return time.now().compareTo(silentUntil) < 0;
  }

  private Optional<Fault> fires() {
    if (fired || sagas.goesBack() || !sagas.step().equals(faultyStep)) {
      return Optional.empty();
    }
    Optional<Fault> now = fault.filter(DiskCloud::ofQuestions);
    fired = now.isPresent();
    return now;
  }

  private static boolean ofQuestions(Fault how) {
    return switch (how) {
      case ABORTED, CONDUCTOR_DIES_BEFORE_WRITING_IT, CONDUCTOR_DIES_AFTER_WRITING_IT -> false;
      case REFUSED,
          ANSWER_LOST,
          SILENT_AFTER_THE_EFFECT,
          SILENT_BEFORE_THE_EFFECT,
          REPEATED,
          CONDUCTOR_DIES_AFTER_THE_EFFECT ->
          true;
    };
  }

  private void written(LogLine line, boolean after) {
    if (fired || fault.isEmpty() || !line.step().equals(faultyStep)) {
      return;
    }
    if (fault.get() == Fault.ABORTED && line.what().equals("started") && after) {
      fired = true;
      sagas.abort();
    }
    boolean dies =
        fault.get()
            == (after
                ? Fault.CONDUCTOR_DIES_AFTER_WRITING_IT
                : Fault.CONDUCTOR_DIES_BEFORE_WRITING_IT);
    if (dies && line.what().equals("done")) {
      fired = true;
      throw new ConductorDied();
    }
  }
}
