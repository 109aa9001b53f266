package dev.tern.simulation;

import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.store.FenceStore;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;

/** What is asked for: a server, one migration after the other, and now and then their end. */
final class Story {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration DOWN_AFTER = Duration.ofSeconds(60);
  private static final int IMAGE_BYTES = 4096;
  private static final byte[] IMAGE = image();
  private static final String IMAGE_SHA256 = sha256(IMAGE);

  /** Of a guest. */
  static final int MEMORY_MIB = 128;

  private final Simulation simulation;
  private final int number;
  private final ServerId server;
  private final List<MigrationId> migrations = new ArrayList<>();
  private boolean begun;
  private boolean over;

  /** Of the server of that number, from 0. */
  Story(Simulation simulation, int number) {
    this.simulation = simulation;
    this.number = number;
    this.server = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c%02x".formatted(number + 1));
  }

  ServerId server() {
    return server;
  }

  List<MigrationId> migrations() {
    return migrations;
  }

  /** Its guest runs. */
  boolean begun() {
    return begun;
  }

  /** Nothing more is asked for. */
  boolean over() {
    return over;
  }

  ServerRecord record() {
    return simulation.stores().servers().find(server).orElseThrow();
  }

  Host owner() {
    return simulation.host(record().host().orElseThrow());
  }

  /** Where the server's files are on a host, if they are. */
  Path instance(Host host) {
    return host.data().resolve("instances").resolve(server.toString());
  }

  /** Whether a file of a host is this server's. */
  boolean has(String file) {
    return file.startsWith("instances/" + server + "/");
  }

  /** Whether there are disks on the host with all that the guest ever wrote. */
  boolean hasAll(Host host) {
    return Files.exists(instance(host))
        && simulation.qemus().writtenAt(instance(host))
            >= simulation.qemus().acknowledged(server.toString());
  }

  /** The last directory with all that the guest wrote must not go. */
  boolean losesAll(Host removed) {
    return hasAll(removed)
        && simulation.hosts().stream()
            .filter(host -> !host.equals(removed))
            .noneMatch(this::hasAll);
  }

  /** A fenced host had the guest, which may have written there what nobody else has. */
  boolean leftTo(Host host) {
    return migrations.stream()
        .flatMap(id -> simulation.stores().fences().of(id).stream())
        .filter(fence -> fence.host().equals(host.name()))
        .anyMatch(fence -> fence.outcome().equals(Optional.of(FenceStore.Outcome.LEFT)));
  }

  /** The operator gives a host up, with what only it has, and the other one keeps the guest. */
  void lostWith(Host lost, HostName keeps) {
    Host keeper = simulation.host(keeps);
    if (hasAll(lost) && !hasAll(keeper)) {
      simulation
          .turns()
          .tell("what the guest wrote on " + lost.name() + " since it arrived is given up");
      simulation.qemus().accept(server.toString(), instance(keeper));
    }
  }

  /** What every host has from the beginning: the image of all servers. */
  static void lay(Iterable<Host> hosts) {
    try {
      for (Host host : hosts) {
        Path bases = host.data().resolve("_base");
        Files.createDirectories(bases);
        Files.write(bases.resolve(IMAGE_SHA256), IMAGE);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] image() {
    byte[] image = new byte[IMAGE_BYTES];
    new Random(1).nextBytes(image);
    image[0] = 1;
    return image;
  }

  /** Makes the server, and begins when it runs. */
  void build() {
    ImageRef ref = new ImageRef(new ImageId(id(1)), IMAGE_SHA256, "raw", IMAGE_BYTES);
    ServerSpec spec =
        new ServerSpec(
            "vm",
            1,
            MEMORY_MIB,
            1 << 20,
            "qcow2",
            ref,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false);
    Header header = new Header(RequestId.of(id(2)), server, 1, Optional.empty());
    untilDone(
        home(),
        new AgentRequest.BuildServer(header, spec),
        () -> untilDone(home(), new AgentRequest.StartServer(header), this::begin));
  }

  private Host home() {
    List<Host> hosts = simulation.hosts();
    return hosts.get(number % hosts.size());
  }

  private UUID id(long one) {
    return new UUID(0x51b0_0000_0000_4000L | (long) number << 32, 0x8000_0000_0000_0000L | one);
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void untilDone(Host host, AgentRequest request, Runnable next) {
    if (!host.up()) {
      simulation.turns().after(SECOND, () -> untilDone(host, request, next));
      return;
    }
    host.answer(
        request,
        answer -> {
          switch (answer) {
            case AgentAnswer.Done _ -> simulation.turns().after(SECOND, next);
            case AgentAnswer.Working _ ->
                simulation.turns().after(SECOND, () -> untilDone(host, request, next));
            case AgentAnswer.Refused(var why) ->
                simulation.violated("no guest to begin with: " + why);
          }
        });
  }

  private void begin() {
    InMemoryStores all = simulation.stores();
    HostName home = home().name();
    all.servers()
        .requestCreate(
            new NewServer(
                server,
                "vm",
                "vm",
                "ursula",
                "sea",
                Samples.FLAVOR,
                new ImageId(id(1)),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty()),
            requested(3));
    Lease lease =
        all.sagas()
            .lease(all.sagas().waiting(1).getFirst(), "setting up", DOWN_AFTER)
            .orElseThrow()
            .lease();
    all.servers()
        .placed(
            lease,
            server,
            home,
            all.claims()
                .claim(
                    new dev.tern.contract.ClaimId(id(4)),
                    server,
                    home,
                    Samples.SHARE,
                    Samples.PLENTY)
                .orElseThrow()
                .id());
    all.servers().running(lease, server);
    begun = true;
    simulation.turns().tell("---- it begins");
    simulation.stories().began();
  }

  Requested requested(long one) {
    return new Requested(RequestId.of(id(one)), "ursula", "sea");
  }

  /** Asks for one migration after the other. */
  void move() {
    if (simulation.stores().claims().of(server).size() > 2) {
      simulation.violated("I5: claims of one server on more than its owner and its destination");
    }
    if (record().task().isPresent()) {
      simulation.turns().after(SECOND, this::move);
      return;
    }
    if (migrations.size() == simulation.plan().migrations()
        || record().vmState() != VmState.ACTIVE) {
      over = true;
      simulation.stories().ended();
      return;
    }
    ask();
    simulation.turns().after(SECOND, this::move);
  }

  private void ask() {
    MigrationId id = new MigrationId(id(100 + migrations.size()));
    MigrationRecord accepted =
        simulation
            .stores()
            .migrations()
            .requestLiveMigration(
                new NewMigration(
                    id, server, Optional.empty(), BlockMigration.AUTO, Optional.empty()),
                requested(200 + migrations.size()));
    migrations.add(id);
    simulation.turns().tell("---- a migration is asked for");
    simulation
        .turns()
        .after(
            simulation.net().latency(),
            () -> simulation.conductor().ifPresent(one -> one.wake(accepted.saga())));
  }

  /** The user wants the migration that runs now to end. */
  void abort() {
    if (!migrations.isEmpty()) {
      MigrationRecord last = simulation.migration(migrations.getLast());
      try {
        simulation
            .stores()
            .migrations()
            .requestAbort(
                server, last.number(), requested(simulation.random().nextInt(1_000_000) + 1_000));
        simulation.turns().tell("---- the user wants it stopped");
      } catch (dev.tern.contract.ComputeException e) {
        simulation.turns().tell("---- too late to stop it: " + e.code());
      }
    }
  }
}
