package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeChain;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DropLayers;
import dev.tern.contract.agent.AgentRequest.FreezeDisk;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.KeepLayers;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.SendLayers;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.ChainReport;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskLayer;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.LayerFacts;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.DiskImages;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A guest writes, its disk is frozen, it writes on, twice: base, two snapshots, and the top. */
@DisplayName("A writing guest's disk of four layers")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DiskWaysQemuTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final int MIB = 1 << 20;
  private static final long DISK = 16 * MIB;

  @TempDir Path directory;
  private TwoHosts hosts;
  private byte[] marker = new byte[0];
  private ImageRef base;

  @BeforeEach
  void boot() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
    // Behind the blocks that the guest writes.
    byte[] disk = new byte[8 * MIB];
    marker = new byte[2 * MIB];
    new Random(5).nextBytes(marker);
    System.arraycopy(marker, 0, disk, 6 * MIB, marker.length);
    base = hosts.image("raw", disk);
    hosts.source.done(
        new BuildServer(
            header(1),
            new ServerSpec(
                "guest",
                1,
                96,
                DISK,
                "qcow2",
                base,
                Optional.of(hosts.image("raw", guestFile("vmlinux"))),
                Optional.of(hosts.image("raw", guestFile("initrd.gz"))),
                Optional.of(
                    "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                        + " tern.write=100,256,0"),
                false)));
    hosts.source.done(new StartServer(header(1)));
    awaitWrites(hosts.source, 20);
    for (int snapshot = 0; snapshot < 2; snapshot++) {
      hosts.source.done(new FreezeDisk(header(1), "disk0", UUID.randomUUID()));
      awaitWrites(hosts.source, 20);
    }
  }

  @AfterEach
  void leaveNothing() throws Exception {
    for (TwoHosts.Host host : List.of(hosts.source, hosts.destination)) {
      host.ask(new DropLayers(header(100)));
      host.ask(new DestroyServer(header(100)));
    }
    hosts.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"FULL", "TOP", "CHAIN"})
  @Tag("S50")
  @Tag("S75")
  @Tag("S145")
  @Tag("S148")
  void moves_as_it_is_asked_to_and_every_layer_is_read_there(Way way) throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    DiskFacts disk = facts.disks().getFirst();
    assertDescribedAsItIs(disk);
    SourceFacts planned = facts.planned(List.of(disk.going(way)));
    int fetches = hosts.fetches.get();
    long sent = bring(planned);
    List<DiskLayer> layers = disk.layers().orElseThrow();
    long snapshots = layers.stream().limit(2).mapToLong(DiskLayer::allocatedBytes).sum();
    switch (way) {
      case FULL -> assertThat(sent).isZero();
      case TOP -> assertThat(sent).isEqualTo(snapshots);
      case CHAIN -> assertThat(sent).isEqualTo(snapshots + layers.getLast().allocatedBytes());
      case SKIP -> throw new AssertionError();
    }
    move(planned, way);
    // Kernel and ramdisk are fetched in any case; for the layers the image service is asked, and
    // has the lowest, only where the top alone is to move.
    assertThat(hosts.fetches).hasValue(fetches + (way == Way.TOP ? 5 : 2));
    MigrationProgress told = hosts.progress.getLast();
    assertThat(told.detail().layerBytes()).contains(sent);
    assertThat(told.diskProcessed()).isGreaterThan(sent);

    hosts.destination.done(new StopServer(header(3), Duration.ofSeconds(20)));
    assertArrivedAs(way, layers);
    assertAllIsRead();
  }

  private void assertDescribedAsItIs(DiskFacts disk) throws Exception {
    JsonNode top = info(disk(hosts.source).in(hosts.source.instance()));
    assertThat(disk.virtualBytes()).isEqualTo(top.path("virtual-size").asLong());
    assertThat(disk.format()).isEqualTo(top.path("format").asString());
    // The guest writes between the two questions.
    assertThat(top.path("actual-size").asLong())
        .isBetween(disk.allocatedBytes(), disk.allocatedBytes() + 2 * MIB);
    List<DiskLayer> layers = disk.layers().orElseThrow();
    assertThat(layers).hasSize(3);
    for (DiskLayer layer : layers) {
      JsonNode said = info(hosts.source.data.resolve("_base").resolve(layer.sha256()));
      assertThat(layer.format()).isEqualTo(said.path("format").asString());
      assertThat(layer.allocatedBytes()).isEqualTo(said.path("actual-size").asLong());
    }
    assertThat(disk.baseSha256()).contains(layers.getFirst().sha256());
    assertThat(layers.getLast().sha256()).isEqualTo(base.sha256());
  }

  /** Bytes of layers that were sent. */
  private long bring(SourceFacts planned) throws Exception {
    DestinationFacts there =
        (DestinationFacts) hosts.destination.done(new CheckDestination(header(2), planned, true));
    assertThat(there.absent().orElseThrow())
        .containsExactlyElementsOf(there.missingImages().stream().sorted().toList());
    hosts.destination.done(new ReserveSpace(header(2), planned, true));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    LayersWanted wanted =
        (LayersWanted) hosts.destination.done(new GatherLayers(header(2), planned));
    if (wanted.exports().isEmpty()) {
      return 0;
    }
    LayersSent sent =
        (LayersSent)
            hosts.source.done(
                new SendLayers(header(2), wanted, new MoveLimits(Duration.ofMillis(20), 0, LONG)));
    hosts.destination.done(new KeepLayers(header(2)));
    return sent.bytes();
  }

  private void move(SourceFacts planned, Way way) throws Exception {
    hosts.destination.done(new CreateDisks(header(2), planned));
    IncomingReady ready =
        (IncomingReady)
            hosts.destination.done(new StartIncoming(header(2), planned, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, Map.of("disk0", way), MOVE));
    HandedOver sent = (HandedOver) hosts.source.done(new HandOver(header(2), ready, MOVE));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.source.done(new RetireSource(header(2), false));
    awaitWrites(hosts.destination, 20);
  }

  private void assertArrivedAs(Way way, List<DiskLayer> before) throws Exception {
    List<LayerFacts> chain =
        ((ChainReport) hosts.destination.done(new DescribeChain(header(3), "disk0"))).layers();
    Path bases = hosts.destination.data.resolve("_base");
    if (way == Way.FULL) {
      assertThat(chain).hasSize(1);
      before.forEach(layer -> assertThat(bases.resolve(layer.sha256())).doesNotExist());
      return;
    }
    assertThat(chain.stream().skip(1).map(layer -> layer.sha256().orElseThrow()))
        .containsExactlyElementsOf(before.stream().map(DiskLayer::sha256).toList());
    for (DiskLayer layer : before) {
      assertThat(Digests.sha256(bases.resolve(layer.sha256()))).isEqualTo(layer.sha256());
    }
  }

  /** The image's bytes through all layers; and the guest finds the newest of its own. */
  private void assertAllIsRead() throws Exception {
    Path flat = directory.resolve("flat.raw");
    LocalDisk disk = disk(hosts.destination);
    Path bases = hosts.destination.data.resolve("_base");
    DiskImages images = new QemuDriver(QemuSettings.defaults(bases)).images();
    images.create(flat, NewImage.empty("raw", DISK));
    images.flatten(
        disk.in(hosts.destination.instance()),
        RecipeFiles.expected(disk, bases),
        Optional.empty(),
        flat,
        "raw");
    byte[] all = Files.readAllBytes(flat);
    assertThat(Arrays.copyOfRange(all, 6 * MIB, 8 * MIB)).isEqualTo(marker);
    List<String> writes = writes(hosts.destination);
    long last = Long.parseLong(writes.getLast().split(" ")[1]);
    hosts.destination.done(new StartServer(header(4)));
    awaitWrites(hosts.destination, 50);
    assertThat(console(hosts.destination))
        .anyMatch(line -> line.matches("R disk .* next " + (last + 1) + "( .*)?"))
        .noneMatch(line -> line.startsWith("R LOST") || line.startsWith("R CORRUPT"));
  }

  private static LocalDisk disk(TwoHosts.Host host) throws Exception {
    return Recipes.recipe(host.instance(), TwoHosts.SERVER).localDisks().getFirst();
  }

  private static JsonNode info(Path file) throws Exception {
    Process process =
        new ProcessBuilder("qemu-img", "info", "-U", "--output=json", file.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return new JsonMapper().readTree(said);
  }

  private static List<String> console(TwoHosts.Host host) throws Exception {
    Path log = host.instance().resolve("console.log");
    return Files.exists(log) ? Files.readString(log, ISO_8859_1).lines().toList() : List.of();
  }

  private static List<String> writes(TwoHosts.Host host) throws Exception {
    return console(host).stream().filter(line -> line.startsWith("A ")).toList();
  }

  private static void awaitWrites(TwoHosts.Host host, int more) throws Exception {
    int wanted = writes(host).size() + more;
    long until = System.nanoTime() + LONG.toNanos();
    while (writes(host).size() < wanted) {
      assertThat(System.nanoTime()).as("the guest writes").isLessThan(until);
      Pause.SLEEPING.of(LOOK);
    }
  }

  private static byte[] guestFile(String name) throws Exception {
    String given = System.getenv().getOrDefault("TERN_GUEST_DIR", "");
    Path guests =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    return Files.readAllBytes(guests.resolve(name));
  }
}
