package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DropLayers;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.KeepLayers;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.SendLayers;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopLayers;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A base that the destination lacks")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentLayersTest {
  private static final MoveLimits LIMITS =
      new MoveLimits(Duration.ofMillis(20), 0, Duration.ofSeconds(60));
  private static final ServerId FIRST = TwoHosts.SERVER;
  private static final ServerId SECOND = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c02");

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private ImageRef image;

  @BeforeEach
  void boot() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    image = hosts.rawImage(1);
    for (ServerId server : new ServerId[] {FIRST, SECOND}) {
      hosts.source.done(new BuildServer(header(server, 1), spec(image)));
      hosts.source.done(new StartServer(header(server, 1)));
    }
    hosts.forget(image);
  }

  @AfterEach
  void leaveNothing() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
    assertThat(hosts.destination.data.resolve("receiving")).isEmptyDirectory();
  }

  private SourceFacts described(ServerId server) {
    return (SourceFacts) hosts.source.done(new DescribeSource(header(server, 2)));
  }

  private LayersWanted gather(ServerId server) throws Exception {
    agreeOnKey(server);
    return (LayersWanted)
        hosts.destination.done(new GatherLayers(header(server, 2), described(server)));
  }

  private void agreeOnKey(ServerId server) throws Exception {
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, server, 2);
  }

  private long send(ServerId server, LayersWanted wanted) {
    return ((LayersSent) hosts.source.done(new SendLayers(header(server, 2), wanted, LIMITS)))
        .bytes();
  }

  private Path base() {
    return hosts.destination.data.resolve("_base").resolve(image.sha256());
  }

  private void assertBaseIsRight() throws Exception {
    assertThat(TwoHosts.sha256(Files.readAllBytes(base()))).isEqualTo(image.sha256());
  }

  @ParameterizedTest(name = "agents restarted between all requests: {0}")
  @ValueSource(booleans = {false, true})
  @Tag("S145") // N11
  void is_sent_once_and_the_next_server_finds_it(boolean restarts) throws Exception {
    LayersWanted wanted = gather(FIRST);
    restart(restarts);
    assertThat(wanted.exports()).containsOnlyKeys(image.sha256());
    assertThat(gather(FIRST)).isEqualTo(wanted);
    restart(restarts);
    assertThat(send(FIRST, wanted)).isEqualTo(image.sizeBytes());
    restart(restarts);
    assertThat(send(FIRST, wanted)).isEqualTo(image.sizeBytes());
    assertThat(base()).doesNotExist();
    hosts.destination.done(new KeepLayers(header(FIRST, 2)));
    restart(restarts);
    hosts.destination.done(new KeepLayers(header(FIRST, 2)));
    assertBaseIsRight();
    hosts.destination.done(new CreateDisks(header(FIRST, 2), described(FIRST)));
    DestinationFacts there =
        (DestinationFacts)
            hosts.destination.done(
                new CheckDestination(header(SECOND, 2), described(SECOND), true));
    assertThat(there.missingImages()).isEmpty();
    assertThat(gather(SECOND).exports()).isEmpty();
    hosts.destination.done(new CreateDisks(header(SECOND, 2), described(SECOND)));
    MigrationProgress told = hosts.progress.getLast();
    assertThat(told.diskProcessed()).isEqualTo(image.sizeBytes());
    assertThat(told.diskTotal()).isEqualTo(image.sizeBytes());
  }

  private void restart(boolean restarts) throws Exception {
    if (restarts) {
      hosts.source.restart();
      hosts.destination.restart();
    }
  }

  @Test
  @Tag("S145")
  void is_sent_once_for_two_servers_that_move_at_the_same_time() throws Exception {
    LayersWanted wanted = gather(FIRST);
    agreeOnKey(SECOND);
    GatherLayers second = new GatherLayers(header(SECOND, 2), described(SECOND));
    assertThat(hosts.destination.agent.answer(second)).isInstanceOf(Working.class);
    send(FIRST, wanted);
    assertThat(hosts.destination.agent.answer(second)).isInstanceOf(Working.class);
    hosts.destination.done(new KeepLayers(header(FIRST, 2)));
    assertThat(((LayersWanted) hosts.destination.done(second)).exports()).isEmpty();
    assertBaseIsRight();
  }

  @Test
  void is_brought_by_the_second_when_the_first_is_taken_back() throws Exception {
    gather(FIRST);
    agreeOnKey(SECOND);
    GatherLayers second = new GatherLayers(header(SECOND, 2), described(SECOND));
    assertThat(hosts.destination.agent.answer(second)).isInstanceOf(Working.class);
    hosts.source.done(new StopLayers(header(FIRST, 2)));
    hosts.destination.done(new DropLayers(header(FIRST, 2)));
    LayersWanted wanted = (LayersWanted) hosts.destination.done(second);
    send(SECOND, wanted);
    hosts.destination.done(new KeepLayers(header(SECOND, 2)));
    assertBaseIsRight();
  }

  @Test
  void is_not_waited_for_any_more_when_the_migration_is_taken_back() throws Exception {
    gather(FIRST);
    agreeOnKey(SECOND);
    GatherLayers second = new GatherLayers(header(SECOND, 2), described(SECOND));
    assertThat(hosts.destination.agent.answer(second)).isInstanceOf(Working.class);
    long begun = System.nanoTime();
    hosts.destination.done(new DropLayers(header(SECOND, 2)));
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(2));
    hosts.destination.done(new DropLayers(header(FIRST, 2)));
  }

  @Test
  void is_fetched_when_the_image_service_has_it() throws Exception {
    putBack();
    assertThat(gather(FIRST).exports()).isEmpty();
    assertBaseIsRight();
  }

  @ParameterizedTest(name = "the image service still has it: {0}")
  @ValueSource(booleans = {false, true})
  @Tag("S64") // N11
  void because_its_own_is_wrong_gets_a_right_one_before_any_disk_lies_on_it(boolean fetchable)
      throws Exception {
    send(FIRST, gather(FIRST));
    hosts.destination.done(new KeepLayers(header(FIRST, 2)));
    if (fetchable) {
      putBack();
    }
    flip(base());
    DestinationFacts there =
        (DestinationFacts)
            hosts.destination.done(
                new CheckDestination(header(SECOND, 2), described(SECOND), true));
    assertThat(there.missingImages()).containsExactly(image.sha256());
    LayersWanted wanted = gather(SECOND);
    assertThat(wanted.exports().isEmpty()).isEqualTo(fetchable);
    if (!fetchable) {
      assertThat(base()).doesNotExist();
      CreateDisks early = new CreateDisks(header(SECOND, 2), described(SECOND));
      assertThat(hosts.destination.refused(early).code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
      send(SECOND, wanted);
      hosts.destination.done(new KeepLayers(header(SECOND, 2)));
    }
    assertBaseIsRight();
    assertThat(base().resolveSibling(image.sha256() + ".wrong")).isRegularFile();
  }

  private void putBack() throws Exception {
    hosts.image("raw", Files.readAllBytes(hosts.source.data.resolve("_base/" + image.sha256())));
  }

  /** One bit, and as if nobody had touched the file. */
  private static void flip(Path file) throws Exception {
    FileTime time = Files.getLastModifiedTime(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(4711);
      int was = bytes.read();
      bytes.seek(4711);
      bytes.write(was ^ 1);
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
    Files.setLastModifiedTime(file, time);
  }

  @Test
  void is_not_taken_from_a_source_whose_own_is_damaged() throws Exception {
    LayersWanted wanted = gather(FIRST);
    flip(hosts.source.data.resolve("_base").resolve(image.sha256()));
    send(FIRST, wanted);
    Failure refused = hosts.destination.refused(new KeepLayers(header(FIRST, 2)));
    assertThat(refused.code()).isEqualTo(ErrorCode.IMAGE_UNACCEPTABLE);
    assertThat(refused.message()).contains(image.sha256());
    assertThat(base()).doesNotExist();
  }

  @Test
  void is_dropped_whole_when_its_receiver_was_killed() throws Exception {
    LayersWanted wanted = gather(FIRST);
    world.killReceiver(hosts.destination.data.resolve("receiving").resolve(FIRST.toString()));
    assertThat(hosts.source.refused(new SendLayers(header(FIRST, 2), wanted, LIMITS)).code())
        .isEqualTo(ErrorCode.HYPERVISOR_FAILED);
    hosts.destination.restart();
    assertThat(hosts.destination.data.resolve("receiving")).isEmptyDirectory();
    LayersWanted again = gather(FIRST);
    send(FIRST, again);
    hosts.destination.done(new KeepLayers(header(FIRST, 2)));
    assertBaseIsRight();
  }

  @Test
  void is_sent_again_when_the_answer_is_lost() throws Exception {
    LayersWanted wanted = gather(FIRST);
    world.failNext("sendLayer", Kind.NO_ANSWER);
    assertThat(hosts.source.refused(new SendLayers(header(FIRST, 2), wanted, LIMITS)).code())
        .isEqualTo(ErrorCode.HYPERVISOR_FAILED);
    send(FIRST, wanted);
    hosts.destination.done(new KeepLayers(header(FIRST, 2)));
    assertBaseIsRight();
  }

  @Test
  @Tag("S130")
  void is_not_sent_when_it_is_another_servers() throws Exception {
    ImageRef other = hosts.rawImage(2);
    ServerId stranger = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c03");
    hosts.source.done(new BuildServer(header(stranger, 1), spec(other)));
    LayersWanted greedy =
        new LayersWanted("127.0.0.1", 49_500, Map.of(other.sha256(), "export-1234"));
    assertThat(hosts.source.refused(new SendLayers(header(FIRST, 2), greedy, LIMITS)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    LayersWanted elsewhere =
        new LayersWanted("0.0.0.0", 49_500, Map.of(image.sha256(), "export-1234"));
    assertThat(hosts.source.refused(new SendLayers(header(FIRST, 2), elsewhere, LIMITS)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  @Test
  @Tag("S115")
  void is_not_asked_for_when_there_is_no_room_for_it() throws Exception {
    hosts.destination.figures.diskFree = (1L << 30) + (64 << 20) + image.sizeBytes() - 1;
    Failure refused =
        hosts.destination.refused(new ReserveSpace(header(FIRST, 2), described(FIRST), true));
    assertThat(refused.code()).isEqualTo(ErrorCode.DESTINATION_LACKS_DISK);
    hosts.destination.figures.diskFree = 100L << 30;
  }
}
