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
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.InMemoryStores;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore.VolumeRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/** One host, a server, a volume, and what goes wrong once between them. */
public final class VolumeCloud {
  private static final HostName HOST = new HostName("host-1");
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final int LIVES = 20;
  private static final long BYTES = 1 << 20;

  /** What happens once, at the first question. */
  public enum Fault {
    NONE,
    REFUSED,
    ANSWER_LOST,
    SILENT,
    BROKEN_OFF,
    CONDUCTOR_DIES_BEFORE_THE_EFFECT,
    CONDUCTOR_DIES_AFTER_THE_EFFECT
  }

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);
  private final FakeTime time = new FakeTime(stores::pass);
  private final ServerRecord server;
  private final VolumeRef volume =
      new VolumeRef(UUID.randomUUID(), new VolumeAddress("storage", 10_809, "v"));
  private Fault fault = Fault.NONE;

  /** What the guest has. */
  public boolean plugged;

  public VolumeCloud() {
    samples.host(HOST);
    server = samples.active(HOST);
  }

  public VolumeRecord attach(Fault how) throws InterruptedException {
    fault = how;
    return run(stores.volumes().requestAttach(server.id(), volume, Samples.request()));
  }

  public VolumeRecord detach(Fault how) throws InterruptedException {
    fault = how;
    return run(stores.volumes().requestDetach(server.id(), volume.id(), Samples.request()));
  }

  public ServerRecord server() {
    return stores.servers().find(server.id()).orElseThrow();
  }

  private VolumeRecord run(VolumeRecord accepted) throws InterruptedException {
    for (int life = 0; life < LIVES; life++) {
      Optional<SagaRecord> lease = stores.sagas().lease(accepted.saga(), "conductor", LEASE);
      if (lease.isEmpty()) {
        return stores.volumes().find(volume.id()).orElseThrow();
      }
      try {
        conductor().run(lease.get(), new Bell());
      } catch (ConductorDied e) {
        time.pass(LEASE);
      }
    }
    throw new AssertionError("the saga did not end: " + stores.sagas().log(accepted.saga()));
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
      case REFUSED -> refused(ErrorCode.HYPERVISOR_FAILED);
      case BROKEN_OFF -> refused(ErrorCode.MIGRATION_CANCELLED);
      case ANSWER_LOST -> new Asked.NoAnswer<>("lost: " + answer(request));
      case SILENT -> {
        time.pass(deadline);
        yield new Asked.NoAnswer<>("silent");
      }
      case CONDUCTOR_DIES_BEFORE_THE_EFFECT -> throw new ConductorDied();
      case CONDUCTOR_DIES_AFTER_THE_EFFECT -> {
        AgentAnswer _ = answer(request);
        throw new ConductorDied();
      }
    };
  }

  private static Asked<AgentAnswer> refused(ErrorCode code) {
    return new Asked.Answered<>(new Refused(new Failure(code, "it broke")));
  }

  private AgentAnswer answer(AgentRequest request) {
    return switch (request) {
      case AgentRequest.AttachVolume _ -> {
        plugged = true;
        yield new Done(new VolumeThere(BYTES, 1));
      }
      case AgentRequest.DetachVolume _ -> {
        plugged = false;
        yield new Done(new Nothing());
      }
      default -> throw new IllegalStateException("not part of an operation: " + request);
    };
  }
}
