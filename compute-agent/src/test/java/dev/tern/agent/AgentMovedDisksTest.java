package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.SealSecrets;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The disks an agent builds and moves")
class AgentMovedDisksTest {
  private static final Move LIMITS =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final MoreDisks EVERYTHING = disks(true, 4L << 20);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
  }

  @AfterEach
  void end() throws Exception {
    hosts.close();
  }

  private static MoreDisks disks(boolean encrypted, Long... ephemeral) {
    return MoreDisks.of(encrypted, List.of(ephemeral), Optional.empty());
  }

  private static ServerSpec spec(ImageRef image, String format, MoreDisks more) {
    return new ServerSpec(
        "vm",
        1,
        64,
        8 << 20,
        format,
        image,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        more);
  }

  private LaunchRecipe recipe(TwoHosts.Host host) throws Exception {
    return Recipes.recipe(host.instance(), SERVER);
  }

  private static Path[] filesIn(Path directory) throws Exception {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toArray(Path[]::new);
    }
  }

  @Test
  @Tag("S143")
  void of_a_server_are_built_as_asked_and_leave_nothing_behind() throws Exception {
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1), "qcow2", EVERYTHING)));
    LaunchRecipe recipe = recipe(hosts.source);
    assertThat(recipe.localDisks()).extracting(LocalDisk::id).containsExactly("disk0", "disk1");
    assertThat(recipe.localDisks()).allMatch(LocalDisk::encrypted);
    assertThat(recipe.localDisks().get(1).layers()).isEmpty();
    assertThat(recipe.localDisks().get(1).virtualBytes()).isEqualTo(4 << 20);
    Path secrets = hosts.source.data.resolve("secrets");
    assertThat(filesIn(secrets)).hasSize(2);
    for (Path secret : filesIn(secrets)) {
      assertThat(Files.getPosixFilePermissions(secret))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      assertThat(Files.readString(secret)).hasSize(44);
    }
    hosts.source.done(new StartServer(header(1)));
    hosts.source.done(new DestroyServer(header(2)));
    assertThat(filesIn(secrets)).isEmpty();
  }

  @Test
  void can_be_raw_and_then_lie_on_nothing() throws Exception {
    hosts.source.done(
        new BuildServer(header(1), spec(hosts.rawImage(1), "raw", disks(false, 1L << 20))));
    assertThat(recipe(hosts.source).localDisks())
        .allMatch(disk -> disk.format().equals("raw") && disk.layers().isEmpty());
    assertThat(
            Files.mismatch(
                hosts.source.instance().resolve("disk0.raw"),
                filesIn(hosts.source.data.resolve("_base"))[0]))
        .isEqualTo(256 * 1024);
  }

  @Test
  void are_as_many_as_were_asked_for_in_their_order_and_all_of_them_move() throws Exception {
    hosts.source.done(
        new BuildServer(
            header(1),
            spec(hosts.rawImage(1), "qcow2", disks(false, 3L << 20, 1L << 20, 2L << 20))));
    List<String> order = List.of("disk0", "disk1", "disk2", "disk3");
    assertThat(recipe(hosts.source).localDisks()).extracting(LocalDisk::id).isEqualTo(order);
    assertThat(recipe(hosts.source).localDisks())
        .extracting(LocalDisk::virtualBytes)
        .containsExactly(8L << 20, 3L << 20, 1L << 20, 2L << 20);
    hosts.source.done(new StartServer(header(1)));
    SourceFacts facts = planned(Way.FULL);
    assertThat(facts.virtualBytes()).isEqualTo(14 << 20);
    TwoHosts.agreeOnKey((host, request) -> host.done(request), hosts.source, hosts.destination, 2);
    hosts.destination.done(new CheckDestination(header(2), facts, false));
    hosts.destination.done(new ReserveSpace(header(2), facts, false));
    hosts.destination.done(new CreateDisks(header(2), facts));
    assertThat(recipe(hosts.destination).localDisks()).extracting(LocalDisk::id).isEqualTo(order);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    assertThat(ready.exports()).containsOnlyKeys(order);
    hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.done(new DeleteDisks(header(2)));
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void are_refused_when_a_machine_cannot_have_them_and_nothing_is_made() throws Exception {
    Long[] many = Stream.generate(() -> 1L << 20).limit(16).toArray(Long[]::new);
    for (MoreDisks more :
        List.of(
            disks(false, many),
            disks(false, 1L << 20, 0L),
            disks(false, -5L),
            new MoreDisks(false, MoreDisks.SEE_ALL, Optional.empty(), Optional.empty()))) {
      assertThat(
              hosts
                  .source
                  .refused(new BuildServer(header(1), spec(hosts.rawImage(1), "qcow2", more)))
                  .code())
          .isEqualTo(ErrorCode.INVALID_INPUT);
    }
    assertThat(hosts.source.instances()).isEmpty();
  }

  @Test
  @Tag("S75")
  @Tag("S128")
  void are_described_with_their_kind_and_what_moves() throws Exception {
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1), "qcow2", EVERYTHING)));
    hosts.source.done(new StartServer(header(1)));
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    assertThat(facts.disks())
        .extracting(DiskFacts::id, DiskFacts::kind)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("disk0", DiskKind.LOCAL),
            org.assertj.core.groups.Tuple.tuple("disk1", DiskKind.LOCAL));
    assertThat(facts.disks().getFirst().layerBytes()).isEqualTo(256 * 1024);
    assertThat(facts.virtualBytes()).isEqualTo(12 << 20);
  }

  @Test
  @Tag("S50")
  void that_move_in_full_lie_on_nothing_where_they_arrive() throws Exception {
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1), "qcow2", MoreDisks.NONE)));
    hosts.source.done(new StartServer(header(1)));
    int before = hosts.fetches.get();
    SourceFacts facts = planned(Way.FULL);
    TwoHosts.agreeOnKey((host, request) -> host.done(request), hosts.source, hosts.destination, 2);
    assertThat(hosts.destination.done(new CheckDestination(header(2), facts, true)))
        .isInstanceOfSatisfying(
            DestinationFacts.class, found -> assertThat(found.missingImages()).isEmpty());
    hosts.destination.done(new ReserveSpace(header(2), facts, true));
    assertThat(hosts.destination.done(new GatherLayers(header(2), facts)))
        .isEqualTo(LayersWanted.none());
    hosts.destination.done(new CreateDisks(header(2), facts));
    assertThat(recipe(hosts.source).localDisks().getFirst().layers()).hasSize(1);
    assertThat(recipe(hosts.destination).localDisks().getFirst().layers()).isEmpty();
    assertThat(hosts.fetches).as("nobody needs the base there").hasValue(before);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, Map.of("disk0", Way.FULL), LIMITS));
  }

  @Test
  void never_move_in_a_way_that_leaves_them_behind() throws Exception {
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1), "qcow2", MoreDisks.NONE)));
    hosts.source.done(new StartServer(header(1)));
    assertThat(hosts.destination.refused(new CreateDisks(header(2), planned(Way.SKIP))).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  @Tag("S143")
  void that_are_encrypted_take_their_passphrase_with_them_under_the_migrations_key()
      throws Exception {
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1), "qcow2", disks(true))));
    hosts.source.done(new StartServer(header(1)));
    SourceFacts facts = planned(Way.TOP);
    assertThat(hosts.source.refused(new SealSecrets(header(2))).message()).contains("plaintext");
    TwoHosts.agreeOnKey((host, request) -> host.done(request), hosts.source, hosts.destination, 2);
    Map<String, String> sealed =
        ((SealedSecrets) hosts.source.done(new SealSecrets(header(2)))).byDisk();
    Path here = filesIn(hosts.source.data.resolve("secrets"))[0];
    assertThat(sealed.get("disk0")).doesNotContain(Files.readString(here));
    assertThat(hosts.destination.refused(new CreateDisks(header(2), facts)).message())
        .contains("was not sent");
    hosts.destination.done(new CreateDisks(header(2), facts, sealed));
    Path there = filesIn(hosts.destination.data.resolve("secrets"))[0];
    assertThat(there).hasSameBinaryContentAs(here);
    assertThat(Files.getPosixFilePermissions(there))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    hosts.destination.done(new DeleteDisks(header(2)));
    assertThat(filesIn(hosts.destination.data.resolve("secrets"))).isEmpty();
    assertThat(here).exists();
  }

  private SourceFacts planned(Way way) {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    return facts.planned(facts.disks().stream().map(disk -> disk.going(way)).toList());
  }
}
