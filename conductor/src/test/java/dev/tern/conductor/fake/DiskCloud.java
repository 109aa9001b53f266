package dev.tern.conductor.fake;

import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.saga.Bell;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CopyUse;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.CopyStatus;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.DiskCopyStore.Seen;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.InMemoryStores;
import dev.tern.store.SagaStore.LogLine;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;

/** One host with one disk, conductors that die, and what can go wrong between them. */
public final class DiskCloud {
  private static final UUID COPY = new UUID(0, 6);
  private static final ImageId IMAGE = new ImageId(new UUID(0, 9));
  private static final HostName HOST = new HostName("host-1");
  private static final Duration SILENCE = Duration.ofMinutes(2);
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final int LIVES = 20;

  private final InMemoryStores stores = new InMemoryStores();
  private final WatchedSagas sagas = new WatchedSagas(stores.sagas(), this::written);
  private final WatchedCopies copies = new WatchedCopies(stores.copies());
  public final FakeTime time = new FakeTime(stores::pass);
  public final FakeDisk disk = new FakeDisk();

  /** Called before a line of the saga is written, and after. */
  public BiConsumer<LogLine, Boolean> watcher = (line, after) -> {};

  private final CopyRecord accepted;
  private String faultyStep = "";
  private Optional<Fault> fault = Optional.empty();
  private boolean fired;
  private Duration silentUntil = Duration.ZERO;
  private boolean silentInStep;

  public DiskCloud(SagaKind kind, Optional<Wish> wish) {
    this(kind, wish, Optional.empty());
  }

  public DiskCloud(SagaKind kind, Optional<Wish> wish, Optional<CopyUse> use) {
    Samples samples = new Samples(() -> stores);
    samples.host(HOST);
    NewCopy asked = new NewCopy(samples.active(HOST).id(), order(use), wish);
    Requested by = Samples.request();
    DiskCopyStore all = stores.copies();
    accepted =
        switch (kind) {
          case DISK_COPY -> all.requestCopy(asked, by);
          case DISK_SNAPSHOT -> all.requestSnapshot(asked, by);
          case CREATE_IMAGE -> all.requestImage(asked, image(), by);
          case BOOT,
              START,
              STOP,
              REBOOT,
              HARD_REBOOT,
              PAUSE,
              UNPAUSE,
              SUSPEND,
              RESUME,
              DELETE,
              LIVE_MIGRATION,
              VOLUME_ATTACH,
              VOLUME_DETACH,
              EVACUATE,
              COLD_MIGRATION,
              CONFIRM_RESIZE,
              REVERT_RESIZE ->
              throw new IllegalArgumentException("no operation on a disk: " + kind);
        };
  }

  // ---- what the database says

  /** The operation. */
  public CopyRecord copy() {
    return stores.copies().find(COPY).orElseThrow();
  }

  /** The server. */
  public ServerRecord server() {
    return stores.servers().find(accepted.server()).orElseThrow();
  }

  /** The saga's log. */
  public List<LogLine> log() {
    return sagas.log(accepted.saga());
  }

  /** Every task the server was given while the saga ran, in order. */
  public List<TaskState> tasks() {
    return List.copyOf(copies.tasks);
  }

  /** How far the copy was, each time it was written. */
  public List<Seen> seen() {
    return List.copyOf(copies.seen);
  }

  // ---- what a user does meanwhile

  /** The user says how it shall end. */
  public void wish(Wish wish) {
    var _ = stores.copies().wish(COPY, wish);
  }

  /** The user sets another limit. */
  public void limit(long bytesPerSecond) {
    var _ = stores.copies().limit(COPY, bytesPerSecond);
  }

  private static ImageRecord image() {
    return new ImageRecord(
        IMAGE,
        "snapshot",
        "sea",
        "qcow2",
        "bare",
        "private",
        ImageStatus.QUEUED,
        0,
        0,
        false,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Instant.EPOCH,
        Instant.EPOCH);
  }

  private static CopyOrder order(Optional<CopyUse> use) {
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
        0,
        use);
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
                  copies,
                  stores.volumes(),
                  stores.fences(),
                  stores.evacuations(),
                  stores.coldMigrations(),
                  stores.aggregates()),
              this::ask,
              (_, _) -> {
                throw new IllegalStateException("no scheduler is needed");
              },
              time.time(),
              FakeCloud.settings(),
              new MigrationMeters(new SimpleMeterRegistry()));
      try {
        conductor.run(sagas.lease(accepted.saga(), "conductor", LEASE).orElseThrow(), new Bell());
      } catch (ConductorDied e) {
        silentInStep = false;
        time.pass(LEASE);
      }
    }
    if (!ended()) {
      throw new AssertionError("the saga did not end: " + log());
    }
  }

  private boolean ended() {
    return copy().status().ended();
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
    watcher.accept(line, after);
    if (fired || fault.isEmpty() || !line.step().equals(faultyStep)) {
      return;
    }
    if (fault.get() == Fault.ABORTED && line.what().equals("started") && after) {
      fired = true;
      cancel();
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

  // Once its end is decided, a copy is not cancelled any more.
  private void cancel() {
    try {
      wish(Wish.CANCEL);
    } catch (ComputeException e) {
      if (copy().status() != CopyStatus.ENDING) {
        throw e;
      }
    }
  }
}
