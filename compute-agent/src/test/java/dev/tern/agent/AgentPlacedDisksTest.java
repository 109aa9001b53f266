package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A guest whose disks are put elsewhere on its destination")
class AgentPlacedDisksTest {
  private static final Move LIMITS =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  private static final DiskPlace FAST_AND_NAMED =
      new DiskPlace(Optional.of("fast"), Optional.of("root2"));

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
    assertThat(world.violations()).isEmpty();
  }

  private void boot() {
    hosts.runs(header(1), MoreDisks.of(false, List.of(4L << 20), Optional.empty()));
  }

  private static SourceFacts placed(SourceFacts facts, Map<String, DiskPlace> places) {
    return facts.planned(
        facts.disks().stream()
            .map(disk -> places.containsKey(disk.id()) ? disk.at(places.get(disk.id())) : disk)
            .toList());
  }

  private SourceFacts described(TwoHosts.Host host, long epoch, Map<String, DiskPlace> places) {
    return placed((SourceFacts) host.done(new DescribeSource(header(epoch))), places);
  }

  private static LaunchRecipe recipe(TwoHosts.Host host) throws Exception {
    return Recipes.recipe(host.instance(), SERVER);
  }

  private static List<String> filesOf(TwoHosts.Host host) throws Exception {
    Path own = host.storage().resolve(SERVER.toString());
    if (!Files.exists(own)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(own)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** The destination's agent ends and begins again between any two of its steps. */
  private void move(TwoHosts.Host from, TwoHosts.Host to, SourceFacts facts, long epoch)
      throws Exception {
    TwoHosts.agreeOnKey(TwoHosts.Host::done, from, to, epoch);
    to.done(new ReserveSpace(header(epoch), facts, true));
    to.restart();
    to.done(new CreateDisks(header(epoch), facts));
    to.restart();
    to.done(new CreateDisks(header(epoch), facts));
    to.done(new StartIncoming(header(epoch), facts, Streams.PLAIN));
    to.restart();
    IncomingReady ready =
        (IncomingReady) to.done(new StartIncoming(header(epoch), facts, Streams.PLAIN));
    from.done(new MirrorDisks(header(epoch), ready, LIMITS));
    HandedOver sent = (HandedOver) from.done(new HandOver(header(epoch), ready, LIMITS));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    to.done(new AwaitArrival(header(epoch)));
    from.done(new RetireSource(header(epoch), false));
    assertThat(from.instances()).isEmpty();
    assertThat(filesOf(from)).isEmpty();
  }

  @Test
  @Tag("S65")
  @Tag("S66")
  void runs_stops_starts_and_moves_on_from_there() throws Exception {
    boot();
    SourceFacts facts =
        described(
            hosts.source,
            2,
            Map.of(
                "disk0",
                FAST_AND_NAMED,
                "disk1",
                new DiskPlace(Optional.empty(), Optional.of("scratch"))));
    DestinationFacts there =
        (DestinationFacts) hosts.destination.done(new CheckDestination(header(2), facts, true));
    Path fast = hosts.destination.storage().toRealPath().resolve(SERVER.toString());
    assertThat(there.files().orElseThrow())
        .isEqualTo(
            Map.of(
                "disk0",
                fast.resolve("root2.qcow2").toString(),
                "disk1",
                hosts
                    .destination
                    .data
                    .toRealPath()
                    .resolve("instances/" + SERVER + "/scratch.qcow2")
                    .toString()));
    assertThat(filesOf(hosts.destination)).as("a check makes nothing").isEmpty();

    move(hosts.source, hosts.destination, facts, 2);
    assertThat(filesOf(hosts.destination)).containsExactly("host", "root2.qcow2");
    List<LocalDisk> kept = recipe(hosts.destination).localDisks();
    assertThat(kept).extracting(LocalDisk::file).containsExactly("root2.qcow2", "scratch.qcow2");
    assertThat(kept)
        .extracting(LocalDisk::storage)
        .containsExactly(Optional.of("fast"), Optional.empty());
    assertThat(hosts.destination.instance().resolve("disk0.qcow2")).doesNotExist();

    hosts.destination.done(new StopServer(header(3), Duration.ofSeconds(5)));
    hosts.destination.restart();
    hosts.destination.done(new StartServer(header(4)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(recipe(hosts.destination).localDisks()).isEqualTo(kept);

    // Another host may have no such storage: what is not asked for again is where it is usual.
    SourceFacts back = described(hosts.destination, 5, Map.of());
    move(hosts.destination, hosts.source, back, 5);
    assertThat(recipe(hosts.source).localDisks())
        .extracting(LocalDisk::file)
        .containsExactly("root2.qcow2", "scratch.qcow2");
    assertThat(recipe(hosts.source).localDisks()).allMatch(disk -> disk.storage().isEmpty());
    hosts.source.done(new DestroyServer(header(6)));
    assertThat(hosts.source.instances()).isEmpty();
  }

  @Test
  @Tag("S66")
  void and_that_is_taken_back_is_defined_at_home_as_it_was_and_nowhere_else() throws Exception {
    boot();
    byte[] before = Files.readAllBytes(hosts.source.instance().resolve("recipe.json"));
    SourceFacts facts = described(hosts.source, 2, Map.of("disk0", FAST_AND_NAMED));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), facts));
    assertThat(filesOf(hosts.destination)).contains("root2.qcow2");
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    hosts.source.done(new CancelMirrors(header(2)));
    hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.done(new DeleteDisks(header(2)));
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.destination.storage()).isEmptyDirectory();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.source.instance().resolve("recipe.json")).hasBinaryContent(before);
  }

  /** Places, the refusal's code, and what it says. */
  record Unfit(String disk, DiskPlace place, ErrorCode code, String why) {}

  private static DiskPlace in(String storage) {
    return new DiskPlace(Optional.of(storage), Optional.empty());
  }

  private static DiskPlace as(String name) {
    return new DiskPlace(Optional.empty(), Optional.of(name));
  }

  static Stream<Unfit> unfit() {
    return Stream.of(
        new Unfit(
            "disk0",
            in("slow"),
            ErrorCode.STORAGE_NOT_FOUND,
            "Host destination has no storage 'slow'; it has: fast."),
        new Unfit("disk0", in("../x"), ErrorCode.INVALID_INPUT, "disk0 has an impossible place"),
        new Unfit("disk0", as("../x"), ErrorCode.INVALID_INPUT, "disk0 has an impossible place"),
        new Unfit("disk0", as("/etc/x"), ErrorCode.INVALID_INPUT, "impossible place"),
        new Unfit(
            "disk0", as("disk1"), ErrorCode.INVALID_INPUT, "Two disks would be the file disk1"),
        new Unfit(
            "disk0",
            new DiskPlace(Optional.of("fast"), Optional.of("disk1")),
            ErrorCode.INVALID_INPUT,
            "name the file of disk disk1 otherwise"));
  }

  @ParameterizedTest
  @MethodSource("unfit")
  @Tag("S65")
  void is_refused_where_they_cannot_be_and_nothing_is_made(Unfit unfit) throws Exception {
    boot();
    SourceFacts facts = described(hosts.source, 2, Map.of(unfit.disk(), unfit.place()));
    for (AgentRequest request :
        List.of(
            new CheckDestination(header(2), facts, true),
            new ReserveSpace(header(2), facts, true),
            new CreateDisks(header(2), facts))) {
      Failure refused = hosts.destination.refused(request);
      assertThat(refused.code()).isEqualTo(unfit.code());
      assertThat(refused.message()).contains(unfit.why());
    }
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.destination.storage()).isEmptyDirectory();
  }

  @Test
  @Tag("S65")
  void never_lies_in_what_is_another_hosts_and_neither_removes_the_others() throws Exception {
    // Both hosts have one directory as their storage, which nobody can see from its name.
    Files.delete(hosts.destination.storage());
    Files.createSymbolicLink(hosts.destination.storage(), hosts.source.storage());
    hosts.destination.restart();
    boot();
    SourceFacts there = described(hosts.source, 2, Map.of("disk0", FAST_AND_NAMED));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), there));
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), there, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    hosts.source.done(new HandOver(header(2), ready, LIMITS));
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.source.done(new RetireSource(header(2), false));
    assertThat(filesOf(hosts.destination)).containsExactly("host", "root2.qcow2");

    SourceFacts back = described(hosts.destination, 3, Map.of("disk0", FAST_AND_NAMED));
    Failure refused = hosts.source.refused(new CheckDestination(header(3), back, true));
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_SHARED_STORAGE);
    assertThat(refused.message()).contains("'fast' of host source", "host destination");
    hosts.source.refused(new CreateDisks(header(3), back));
    hosts.source.done(new DeleteDisks(header(3)));
    assertThat(filesOf(hosts.destination)).containsExactly("host", "root2.qcow2");
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @ParameterizedTest
  @ValueSource(strings = {"host1.qcow2", "hosts", "host.new.qcow2"})
  @Tag("S65")
  void is_not_put_among_files_that_nobody_owns(String file) throws Exception {
    boot();
    Path there = hosts.destination.storage().resolve(SERVER.toString());
    Files.createDirectories(there);
    Files.writeString(there.resolve(file), "somebody's only copy");

    SourceFacts facts = described(hosts.source, 2, Map.of("disk0", FAST_AND_NAMED));
    Failure refused = hosts.destination.refused(new CheckDestination(header(2), facts, true));
    hosts.destination.refused(new CreateDisks(header(2), facts));
    hosts.destination.done(new DeleteDisks(header(2)));

    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_SHARED_STORAGE);
    assertThat(filesOf(hosts.destination)).containsExactly(file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"host", "host.new"})
  @Tag("S65")
  void takes_no_offence_at_the_mark_that_a_crash_left(String mark) throws Exception {
    boot();
    Path there = hosts.destination.storage().resolve(SERVER.toString());
    Files.createDirectories(there);
    Files.writeString(there.resolve(mark), mark.equals("host") ? "destination\n" : "dest");

    SourceFacts facts = described(hosts.source, 2, Map.of("disk0", FAST_AND_NAMED));
    move(hosts.source, hosts.destination, facts, 2);

    assertThat(filesOf(hosts.destination)).containsExactly("host", "root2.qcow2");
  }

  @Test
  @Tag("S65")
  void needs_room_beside_the_instances_only_for_the_others() throws Exception {
    boot();
    SourceFacts facts = described(hosts.source, 2, Map.of());
    long all = facts.virtualBytes();
    SourceFacts elsewhere = placed(facts, Map.of("disk0", FAST_AND_NAMED));
    assertThat(elsewhere.virtualBytes()).isEqualTo(all - (8 << 20));
    assertThat(elsewhere.disks())
        .extracting(DiskFacts::place)
        .containsExactly(Optional.of(FAST_AND_NAMED), Optional.empty());
  }
}
