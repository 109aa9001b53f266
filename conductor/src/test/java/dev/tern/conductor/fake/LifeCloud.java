package dev.tern.conductor.fake;

import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.saga.Bell;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.InMemoryStores;
import dev.tern.store.LifeRequest;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Optional;

/** One host, a server's guest on it, and what goes wrong once between them. */
public final class LifeCloud {
  private static final HostName HOST = new HostName("host-1");
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final int LIVES = 20;

  /** What happens once, at the first question. */
  public enum Fault {
    NONE,
    ANSWER_LOST,
    SILENT,
    NOT_KNOWN,
    CONDUCTOR_DIES_BEFORE_THE_EFFECT,
    CONDUCTOR_DIES_AFTER_THE_EFFECT
  }

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);
  private final FakeTime time = new FakeTime(stores::pass);
  private final ServerRecord server;
  private Fault fault = Fault.NONE;
  private long youngest;
  private long bootedIn;

  public Runner guest = Runner.RUNNING;

  /** QEMUs that were started for a reboot. */
  public int boots;

  /** Its QEMU says no to whatever it is asked. */
  public boolean refuses;

  public LifeCloud() {
    samples.host(HOST);
    server = samples.active(HOST);
  }

  public ServerRecord server() {
    return stores.servers().find(server.id()).orElseThrow();
  }

  /** Asks for it and carries it out; the action that it was. */
  public ActionRecord does(LifeRequest what, Fault how) throws InterruptedException {
    fault = how;
    Requested by = Samples.request();
    ServerRecord _ = stores.servers().requestLife(server.id(), what, by);
    for (int life = 0; life < LIVES; life++) {
      Optional<SagaRecord> lease =
          stores.sagas().waiting(1).stream()
              .findFirst()
              .flatMap(saga -> stores.sagas().lease(saga, "conductor", LEASE));
      if (lease.isEmpty()) {
        return stores.actions().find(server.id(), by.request()).orElseThrow();
      }
      try {
        conductor().run(lease.get(), new Bell());
      } catch (ConductorDied e) {
        time.pass(LEASE);
      }
    }
    throw new AssertionError("the saga did not end");
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
        this::ask,
        (_, _) -> {
          throw new IllegalStateException("no scheduler is needed");
        },
        time.time(),
        FakeCloud.settings(),
        new MigrationMeters(new SimpleMeterRegistry()));
  }

  private Asked<AgentAnswer> ask(HostName host, AgentRequest request, Duration deadline) {
    Fault now = fault;
    fault = Fault.NONE;
    return switch (now) {
      case NONE -> new Asked.Answered<>(answer(request));
      case ANSWER_LOST -> new Asked.NoAnswer<>("lost: " + answer(request));
      case SILENT -> {
        time.pass(deadline);
        yield new Asked.NoAnswer<>("silent");
      }
      case NOT_KNOWN ->
          new Asked.Answered<>(
              request instanceof AgentRequest.RebootServer
                  ? new AgentAnswer.Working("RebootServer")
                  : new Done(new GuestReport(Runner.UNKNOWN, youngest, "its monitor is silent")));
      case CONDUCTOR_DIES_BEFORE_THE_EFFECT -> throw new ConductorDied();
      case CONDUCTOR_DIES_AFTER_THE_EFFECT -> {
        AgentAnswer _ = answer(request);
        throw new ConductorDied();
      }
    };
  }

  private AgentAnswer answer(AgentRequest request) {
    if (request.header().epoch() < youngest) {
      return new Refused(new Failure(ErrorCode.STALE_EPOCH, "a younger request was here"));
    }
    youngest = request.header().epoch();
    return switch (request) {
      case AgentRequest.PauseServer _ -> changed(Runner.PAUSED);
      case AgentRequest.UnpauseServer _ -> changed(Runner.RUNNING);
      case AgentRequest.SuspendServer _ -> changed(Runner.SUSPENDED);
      case AgentRequest.ResumeServer _ -> changed(Runner.RUNNING);
      case AgentRequest.RebootServer _ -> reboot();
      case AgentRequest.StopServer _ -> {
        guest = Runner.STOPPED;
        yield new Done(new Nothing());
      }
      default -> throw new IllegalStateException("not part of an operation: " + request);
    };
  }

  private AgentAnswer changed(Runner wish) {
    if (refuses) {
      return new Refused(new Failure(ErrorCode.INSTANCE_INVALID_STATE, "QEMU says no."));
    }
    if (guest == Runner.RUNNING || guest == Runner.PAUSED || guest == Runner.SUSPENDED) {
      guest = wish;
    }
    return new Done(new GuestReport(guest, youngest, ""));
  }

  private AgentAnswer reboot() {
    if (refuses) {
      return new Refused(new Failure(ErrorCode.HYPERVISOR_FAILED, "QEMU does not start."));
    }
    if (bootedIn < youngest) {
      bootedIn = youngest;
      boots++;
    }
    guest = Runner.RUNNING;
    return new Done(new Nothing());
  }
}
