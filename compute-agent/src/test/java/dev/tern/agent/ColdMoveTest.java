package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.ClearArrival;
import dev.tern.contract.agent.AgentRequest.DescribeServer;
import dev.tern.contract.agent.AgentRequest.DigestFiles;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.KeepLayers;
import dev.tern.contract.agent.AgentRequest.LandServer;
import dev.tern.contract.agent.AgentRequest.LeaveServer;
import dev.tern.contract.agent.AgentRequest.LetGo;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentRequest.NewSize;
import dev.tern.contract.agent.AgentRequest.ReceiveFiles;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.SealSecrets;
import dev.tern.contract.agent.AgentRequest.SendFiles;
import dev.tern.contract.agent.AgentRequest.SendLayers;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.SteerFiles;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.TakeBack;
import dev.tern.contract.agent.AgentResult.ColdDisks;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
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

@DisplayName("A server that moves without its guest running")
class ColdMoveTest {
  private static final MoveLimits LIMITS = new MoveLimits(Duration.ZERO, 0, Duration.ofSeconds(30));
  private static final int STEPS = 10;

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private SourceFacts facts;
  private ColdDisks files = new ColdDisks(Map.of());
  private LayersWanted wanted = LayersWanted.none();
  private byte[] written = {};
  private Optional<NewSize> size = Optional.empty();

  private static Header header(long epoch) {
    return new Header(RequestId.of(SERVER.value()), SERVER, epoch, Optional.empty());
  }

  @BeforeEach
  void runs() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.runs(header(1), MoreDisks.of(true, List.of(4L << 20, 4L << 20), Optional.empty()));
    facts = (SourceFacts) hosts.source.done(new DescribeServer(header(1)));
    Files.write(
        disk(hosts.source), "what the guest wrote".getBytes(UTF_8), StandardOpenOption.APPEND);
    written = Files.readAllBytes(disk(hosts.source));
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private static Path disk(TwoHosts.Host host) {
    return host.instance().resolve("disk0.qcow2");
  }

  /** As the conductor does it; each may be asked again. */
  private void step(int number) throws Exception {
    switch (number) {
      case 0 -> facts = (SourceFacts) hosts.source.done(new DescribeServer(header(2)));
      case 1 -> {
        hosts.destination.done(new CheckDestination(header(2), facts, true));
        hosts.destination.done(new ReserveSpace(header(2), facts, true));
      }
      case 2 -> agree();
      case 3 -> {
        LayersWanted layers =
            (LayersWanted) hosts.destination.done(new GatherLayers(header(2), facts));
        if (!layers.exports().isEmpty()) {
          hosts.source.done(new SendLayers(header(2), layers, LIMITS));
          hosts.destination.done(new KeepLayers(header(2)));
        }
      }
      case 4 -> hosts.source.done(new LetGo(header(2), Duration.ZERO));
      case 5 -> {
        facts = (SourceFacts) hosts.source.done(new DescribeServer(header(2)));
        files = (ColdDisks) hosts.source.done(new DigestFiles(header(2)));
      }
      case 6 ->
          wanted = (LayersWanted) hosts.destination.done(new ReceiveFiles(header(2), facts, files));
      case 7 -> hosts.source.done(new SendFiles(header(2), wanted, LIMITS));
      case 8 -> {
        SealedSecrets secrets = (SealedSecrets) hosts.source.done(new SealSecrets(header(2)));
        hosts.destination.done(new LandServer(header(2), facts, files, secrets.byDisk(), size));
      }
      case 9 -> hosts.destination.done(new StartServer(header(2)));
      default -> throw new IllegalArgumentException("no step " + number);
    }
  }

  private void agree() {
    var there =
        (dev.tern.contract.agent.AgentResult.KeyOffer)
            hosts.destination.done(new AgentRequest.AgreeOnKey(header(2), Optional.empty()));
    var here =
        (dev.tern.contract.agent.AgentResult.KeyOffer)
            hosts.source.done(new AgentRequest.AgreeOnKey(header(2), there.publicHalf()));
    hosts.destination.done(new AgentRequest.AgreeOnKey(header(2), here.publicHalf()));
  }

  private void move(int steps) throws Exception {
    for (int step = 0; step < steps; step++) {
      step(step);
    }
  }

  private List<String> ways(TwoHosts.Host host) throws IOException {
    try (Stream<Path> all = Files.list(host.data.resolve("receiving"))) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }

  private void arrived() throws Exception {
    assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(Files.readAllBytes(disk(hosts.destination))).isEqualTo(written);
    assertThat(Files.readAllBytes(disk(hosts.source))).as("the copy is kept").isEqualTo(written);
    assertThat(ways(hosts.destination)).isEmpty();
    assertThat(hosts.destination.keyFiles()).isEmpty();
    assertThat(hosts.destination.agent.report().diskFreeBytes())
        .as("no room is reserved any more")
        .isEqualTo(hosts.source.agent.report().diskFreeBytes());
  }

  @Test
  void is_at_its_destination_byte_for_byte_and_kept_at_its_source() throws Exception {
    move(STEPS);
    arrived();
  }

  static IntStream everyStep() {
    return IntStream.range(0, STEPS);
  }

  @ParameterizedTest
  @MethodSource("everyStep")
  void goes_on_when_both_agents_die_after_any_step(int last) throws Exception {
    move(last + 1);
    hosts.source.restart();
    hosts.destination.restart();
    for (int step = last; step < STEPS; step++) {
      step(step);
    }
    arrived();
  }

  @Test
  @Tag("S161")
  void is_sent_at_the_rate_that_is_told_while_it_is_sent() throws Exception {
    move(7);
    List<Long> rates = new CopyOnWriteArrayList<>();
    world.whileSending((rate, at) -> {
      rates.add(rate);
      if (rates.size() == 2) {
        hosts.source.done(new SteerFiles(header(2), 1 << 20));
      }
      if (rates.size() == 4) {
        hosts.source.done(new SteerFiles(header(2), 3 << 20));
        assertThat(hosts.source.refused(new SteerFiles(header(1), 1)).code())
            .isEqualTo(ErrorCode.STALE_EPOCH);
      }
    });
    hosts.source.done(new SteerFiles(header(2), 5 << 20)); // before it begins
    hosts.source.done(new SendFiles(header(2), wanted, LIMITS));
    assertThat(rates.subList(0, 5))
        .containsExactly(5L << 20, 5L << 20, 1L << 20, 1L << 20, 3L << 20);
    assertThat(rates.subList(5, rates.size())).containsOnly(3L << 20);
    step(8);
    step(9);
    arrived();
  }

  @Test
  void that_is_slowed_down_is_given_the_time_for_it() {
    AtomicLong now = new AtomicLong();
    Sendings sendings = new Sendings(now::get);
    Sendings.Sending sending = sendings.begin(header(2), 100 << 20, LIMITS);
    assertThat(sending.left()).isEqualTo(LIMITS.deadline());
    now.set(Duration.ofSeconds(20).toNanos());
    sendings.steer(header(2), 1 << 20);
    assertThat(sending.rate().now()).isEqualTo(1 << 20);
    assertThat(sending.left()).isEqualTo(LIMITS.deadline().plusSeconds(100));
    sendings.steer(header(2), 0);
    assertThat(sending.left()).as("it never gets shorter").isGreaterThan(Duration.ofMinutes(2));
    sendings.end(header(2));
    assertThat(sendings.begin(header(3), 1, LIMITS).rate().now()).isZero();
  }

  // ---- resized

  private LaunchRecipe recipe(TwoHosts.Host host) throws IOException {
    return Recipes.recipe(host.instance(), SERVER);
  }

  private void isLarger() throws Exception {
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    LaunchRecipe now = recipe(hosts.destination);
    assertThat(now.vcpus()).isEqualTo(2);
    assertThat(now.memoryKib()).isGreaterThanOrEqualTo(128 << 10).isLessThan(129 << 10);
    assertThat(now.localDisks())
        .extracting(LocalDisk::virtualBytes)
        .containsExactly(16L << 20, 4L << 20, 4L << 20);
    byte[] there = Files.readAllBytes(disk(hosts.destination));
    assertThat(ByteBuffer.wrap(there).getLong(24)).isEqualTo(16 << 20);
    assertThat(new String(there, UTF_8)).endsWith("what the guest wrote");
    assertThat(Files.readAllBytes(disk(hosts.source))).as("the copy is kept").isEqualTo(written);
    assertThat(recipe(hosts.source).vcpus()).isEqualTo(1);
    assertThat(recipe(hosts.source).localDisks().getFirst().virtualBytes()).isEqualTo(8 << 20);
  }

  @ParameterizedTest
  @MethodSource("everyStep")
  @Tag("S124")
  void is_larger_where_it_lands_when_both_agents_die_after_any_step(int last) throws Exception {
    size = Optional.of(new NewSize(2, 128, 16 << 20));
    move(last + 1);
    hosts.source.restart();
    hosts.destination.restart();
    for (int step = last; step < STEPS; step++) {
      step(step);
    }
    isLarger();
  }

  static Stream<NewSize> impossible() {
    return Stream.of(
        new NewSize(0, 64, 8 << 20),
        new NewSize(256, 64, 8 << 20),
        new NewSize(1, 0, 8 << 20),
        new NewSize(1, 64, (8 << 20) - 512),
        new NewSize(1, 64, (8 << 20) + 1));
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void does_not_land_in_a_size_that_cannot_be(NewSize impossible) throws Exception {
    move(8);
    SealedSecrets secrets = (SealedSecrets) hosts.source.done(new SealSecrets(header(2)));
    assertThat(
            hosts
                .destination
                .refused(
                    new LandServer(
                        header(2), facts, files, secrets.byDisk(), Optional.of(impossible)))
                .code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(hosts.destination.instances()).isEmpty();
    step(8);
    step(9);
    arrived();
  }

  @Test
  void is_started_nowhere_between_the_two() throws Exception {
    move(8);
    assertThat(hosts.source.refused(new StartServer(header(2))).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(hosts.destination.refused(new StartServer(header(2))).code())
        .isEqualTo(ErrorCode.GUEST_ABSENT);
    assertThat(world.running()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("everyStep")
  void that_is_taken_back_after_any_step_leaves_nothing_at_its_destination(int last)
      throws Exception {
    move(last + 1);
    hosts.destination.done(new StopServer(header(2), Duration.ZERO));
    hosts.source.done(new TakeBack(header(2), 2));
    hosts.source.done(new StartServer(header(2)));
    hosts.destination.done(new ClearArrival(header(2)));
    hosts.destination.done(new ClearArrival(header(2)));

    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(Files.readAllBytes(disk(hosts.source))).isEqualTo(written);
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(ways(hosts.destination)).isEmpty();
    assertThat(hosts.destination.keyFiles()).isEmpty();
    assertThat(hosts.destination.agent.report().diskFreeBytes())
        .isEqualTo(hosts.source.agent.report().diskFreeBytes());
  }

  @Test
  void is_not_cleared_away_while_its_guest_runs() throws Exception {
    move(STEPS);
    assertThat(hosts.destination.refused(new ClearArrival(header(2))).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void is_sent_again_when_what_came_is_gone() throws Exception {
    move(8);
    Files.delete(
        hosts.destination.data.resolve("receiving").resolve(SERVER.toString()).resolve("disk1"));
    SealedSecrets secrets = (SealedSecrets) hosts.source.done(new SealSecrets(header(2)));
    assertThat(
            hosts
                .destination
                .refused(
                    new LandServer(header(2), facts, files, secrets.byDisk(), Optional.empty()))
                .code())
        .isEqualTo(ErrorCode.DISK_NOT_FOUND);
    for (int step = 5; step < STEPS; step++) {
      step(step);
    }
    arrived();
  }

  @Test
  void is_not_taken_when_a_byte_of_it_differs() throws Exception {
    move(8);
    Path came =
        hosts.destination.data.resolve("receiving").resolve(SERVER.toString()).resolve("disk0");
    byte[] bytes = Files.readAllBytes(came);
    bytes[bytes.length / 2] ^= 1;
    Files.write(came, bytes);
    SealedSecrets secrets = (SealedSecrets) hosts.source.done(new SealSecrets(header(2)));
    assertThat(
            hosts.destination.refused(
                new LandServer(header(2), facts, files, secrets.byDisk(), Optional.empty())))
        .satisfies(why -> {
          assertThat(why.code()).isEqualTo(ErrorCode.IMAGE_UNACCEPTABLE);
          assertThat(why.message()).contains("Disk disk0 came from the source with sha256");
        });
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void goes_back_later_to_what_its_source_kept() throws Exception {
    move(STEPS);
    hosts.source.restart();
    hosts.destination.done(new StopServer(header(3), Duration.ZERO));
    hosts.source.done(new TakeBack(header(3), 2));
    hosts.source.done(new TakeBack(header(3), 2));
    hosts.source.done(new StartServer(header(3)));
    hosts.destination.done(new LeaveServer(header(3), false));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(Files.readAllBytes(disk(hosts.source))).isEqualTo(written);
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void leaves_nothing_at_its_source_once_it_is_confirmed() throws Exception {
    move(STEPS);
    hosts.source.done(new LeaveServer(header(3), false));
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(hosts.source.keyFiles()).isEmpty();
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.source.refused(new TakeBack(header(4), 2)).code())
        .isEqualTo(ErrorCode.GUEST_ABSENT);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void may_be_stopped_from_the_beginning(boolean restarted) throws Exception {
    hosts.source.done(new StopServer(header(1), Duration.ZERO));
    if (restarted) {
      hosts.source.restart();
    }
    move(9);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.STOPPED);
    assertThat(Files.readAllBytes(disk(hosts.destination))).isEqualTo(written);
  }

  @Test
  void is_not_taken_back_under_another_migration_s_name() throws Exception {
    move(STEPS);
    assertThat(hosts.source.refused(new TakeBack(header(3), 1)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
  }
}
