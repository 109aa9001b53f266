package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.agent.BaseHousekeeping.Kept;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.FreezeDisk;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.StartCopy;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.DiskFrozen;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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

@DisplayName("A base that no server uses")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S145")
class BaseHousekeepingTest {
  private static final ServerId SERVER = TwoHosts.SERVER;
  private static final Duration AGE = Duration.ofHours(24);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-01-02T03:04:05Z"));
  private TwoHosts hosts;
  private TwoHosts.Host host;
  private ImageRef image;

  @BeforeEach
  void build() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    host = hosts.source;
    InstantSource time = now::get;
    hosts.clock = time.withZone(ZoneOffset.UTC);
    host.restart();
    hosts.destination.restart();
    image = hosts.rawImage(1);
    host.done(new BuildServer(header(1), spec(image)));
  }

  @AfterEach
  void close() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private Path base(TwoHosts.Host at, String sha256) {
    return at.data.resolve("_base").resolve(sha256);
  }

  private Path base() {
    return base(host, image.sha256());
  }

  private void destroy() {
    host.done(new DestroyServer(header(9)));
  }

  private void pass(Duration time) {
    now.updateAndGet(at -> at.plus(time));
  }

  private Kept round() throws Exception {
    return host.agent.keepBases();
  }

  /** Long enough for whatever is unused to go. */
  private void passLong() throws Exception {
    round();
    pass(AGE);
    round();
  }

  @ParameterizedTest(name = "agent restarted meanwhile: {0}")
  @ValueSource(booleans = {false, true})
  void stays_for_a_while_and_goes_with_all_that_was_known_of_it(boolean restarts) throws Exception {
    destroy();
    assertThat(round()).isEqualTo(new Kept(0, image.sizeBytes(), 0));
    pass(AGE.minusSeconds(1));
    if (restarts) {
      host.restart();
    }
    assertThat(round().unusedBytes()).isEqualTo(image.sizeBytes());
    assertThat(base()).exists();
    pass(Duration.ofSeconds(1));
    assertThat(round()).isEqualTo(new Kept(0, 0, 0));
    for (String left : List.of("_base", "unused", "proofs")) {
      assertThat(host.data.resolve(left)).isEmptyDirectory();
    }
  }

  @Test
  void is_fetched_again_when_it_is_needed_again() throws Exception {
    destroy();
    passLong();
    assertThat(base()).doesNotExist();
    host.done(new BuildServer(header(SERVER, 10), spec(image)));
    assertThat(TwoHosts.sha256(Files.readAllBytes(base()))).isEqualTo(image.sha256());
  }

  @Test
  void that_is_used_again_begins_to_wait_anew() throws Exception {
    destroy();
    round();
    pass(AGE.minusSeconds(1));
    host.done(new BuildServer(header(SERVER, 10), spec(image)));
    host.done(new DestroyServer(header(SERVER, 11)));
    pass(Duration.ofSeconds(1));
    round();
    assertThat(base()).exists();
    pass(AGE);
    round();
    assertThat(base()).doesNotExist();
  }

  @Test
  void waits_anew_when_the_clock_was_set_back_or_its_mark_was_cut_off() throws Exception {
    destroy();
    round();
    pass(Duration.ofDays(-2));
    round();
    pass(AGE.minusSeconds(1));
    round();
    assertThat(base()).exists();
    Files.writeString(host.data.resolve("unused").resolve(image.sha256()), "2026-0");
    pass(Duration.ofSeconds(1));
    round();
    assertThat(base()).exists();
  }

  @Test
  void stays_for_ever_where_the_age_is_0() throws Exception {
    host.unusedBaseAge = Duration.ZERO;
    host.restart();
    destroy();
    round();
    pass(Duration.ofDays(4000));
    assertThat(round()).isEqualTo(new Kept(0, image.sizeBytes(), 0));
    assertThat(base()).exists();
  }

  @Test
  void is_told_from_what_a_server_is_made_of() throws Exception {
    ImageRef kernel = hosts.image("aki", new byte[] {1, 2, 3});
    ImageRef ramdisk = hosts.image("ari", new byte[] {4, 5});
    ServerId other = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c02");
    host.done(
        new BuildServer(
            header(other, 1),
            new dev.tern.contract.agent.AgentRequest.ServerSpec(
                "vm",
                1,
                64,
                8 << 20,
                "qcow2",
                image,
                Optional.of(kernel),
                Optional.of(ramdisk),
                Optional.empty(),
                false)));
    host.done(new StartServer(header(1)));
    DiskFrozen frozen =
        (DiskFrozen) host.done(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));
    passLong();
    for (String used :
        List.of(image.sha256(), kernel.sha256(), ramdisk.sha256(), frozen.sha256())) {
      assertThat(base(host, used)).exists();
    }
    host.done(new DestroyServer(header(other, 9)));
    passLong();
    assertThat(base(host, kernel.sha256())).doesNotExist();
    assertThat(base(host, ramdisk.sha256())).doesNotExist();
    assertThat(base(host, image.sha256())).exists();
    assertThat(base(host, frozen.sha256())).exists();
  }

  @Test
  void is_told_from_what_a_disk_was_before_it_moved_onto_its_copy() throws Exception {
    host.done(new StartServer(header(1)));
    CopyOrder order =
        new CopyOrder(
            UUID.randomUUID(),
            "disk0",
            true,
            Optional.empty(),
            Optional.of("mine"),
            Optional.empty(),
            false,
            false,
            false,
            0);
    host.done(new StartCopy(header(2), order));
    passLong();
    assertThat(base()).exists();
  }

  @Test
  void is_told_from_what_lies_below_disks_that_were_kept() throws Exception {
    Path kept = host.data.resolve("kept").resolve(SERVER + "-7");
    Files.createDirectory(kept);
    for (String file : List.of("recipe.json", "images.json")) {
      Files.copy(host.instance().resolve(file), kept.resolve(file));
    }
    host.agent.close();
    Durable.removeTree(host.instance());
    host.agent = host.open();
    passLong();
    assertThat(base()).exists();
    Durable.removeTree(kept);
    passLong();
    assertThat(base()).doesNotExist();
  }

  @Test
  void stays_for_a_server_on_its_way_here() throws Exception {
    host.done(new StartServer(header(1)));
    SourceFacts facts = (SourceFacts) host.done(new DescribeSource(header(2)));
    TwoHosts.Host to = hosts.destination;
    ServerId before = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c02");
    to.done(new BuildServer(header(before, 1), spec(image)));
    to.done(new DestroyServer(header(before, 2)));
    hosts.forget(image);
    to.agent.keepBases();
    pass(AGE.minusHours(1));
    to.done(new ReserveSpace(header(2), facts, true));
    to.restart();
    pass(Duration.ofHours(2));
    to.agent.keepBases();
    assertThat(base(to, image.sha256())).exists();
    to.done(new CreateDisks(header(2), facts));
    to.done(new ReleaseSpace(header(2)));
    to.agent.keepBases();
    pass(AGE);
    to.agent.keepBases();
    assertThat(base(to, image.sha256())).exists();
  }

  @Test
  void stays_when_a_server_s_needs_cannot_be_read() throws Exception {
    destroy();
    round();
    ServerId other = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c02");
    host.done(new BuildServer(header(other, 1), spec(hosts.rawImage(2))));
    Path recipe = host.data.resolve("instances").resolve(other.toString()).resolve("recipe.json");
    byte[] right = Files.readAllBytes(recipe);
    pass(AGE);
    for (String damaged : List.of("", "{}", "nonsense")) {
      Files.writeString(recipe, damaged);
      assertThatThrownBy(this::round).isInstanceOf(IOException.class);
      assertThat(base()).exists();
    }
    Files.delete(recipe);
    assertThatThrownBy(this::round).isInstanceOf(IOException.class);
    assertThat(base()).exists();
    Files.write(recipe, right);
    round();
    assertThat(base()).doesNotExist();
  }

  @Test
  void that_was_moved_aside_goes_once_there_is_a_right_one_or_nobody_needs_it() throws Exception {
    Path wrong = base().resolveSibling(image.sha256() + ".wrong");
    Files.move(base(), wrong);
    passLong();
    assertThat(wrong).exists(); // All there is of what the server lies on.
    Files.copy(wrong, base());
    round();
    assertThat(round()).isEqualTo(new Kept(image.sizeBytes(), 0, image.sizeBytes()));
    pass(AGE);
    assertThat(round()).isEqualTo(new Kept(image.sizeBytes(), 0, 0));
    assertThat(wrong).doesNotExist();
    assertThat(base()).exists();
  }

  @Test
  void whose_making_was_cut_off_goes_and_what_is_none_of_ours_stays() throws Exception {
    String sha256 = "ab".repeat(32);
    Path half = base().resolveSibling(sha256 + ".half");
    Path fetching = base().resolveSibling(sha256 + ".fetching");
    Path foreign = base().resolveSibling("README");
    for (Path file : List.of(half, fetching, foreign)) {
      Files.writeString(file, "x");
    }
    passLong();
    assertThat(half).doesNotExist();
    assertThat(fetching).doesNotExist();
    assertThat(foreign).exists();
    Files.writeString(half, "x");
    host.restart();
    assertThat(half).doesNotExist();
  }

  @Test
  void leaves_nothing_when_its_removal_was_cut_off() throws Exception {
    destroy();
    host.done(new BuildServer(header(SERVER, 10), spec(image)));
    host.done(new DestroyServer(header(SERVER, 11)));
    round();
    assertThat(host.data.resolve("unused")).isNotEmptyDirectory();
    assertThat(host.data.resolve("proofs")).isNotEmptyDirectory();
    Files.delete(base());
    host.restart();
    round();
    assertThat(host.data.resolve("unused")).isEmptyDirectory();
    assertThat(host.data.resolve("proofs")).isEmptyDirectory();
  }

  /** Servers come, go, and are frozen while rounds remove whatever is unused, at once. */
  @Test
  void is_never_taken_from_below_a_server_that_comes_meanwhile() throws Exception {
    host.unusedBaseAge = Duration.ofNanos(1);
    host.restart();
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> removing =
          threads.submit(() -> {
            int rounds = 0;
            while (!done.get() || rounds < 10) {
              pass(Duration.ofNanos(1));
              round();
              rounds++;
            }
            return rounds;
          });
      List<Callable<Object>> comers =
          List.of(() -> comeAndGo(2), () -> comeAndGo(3), () -> comeAndGo(2));
      try {
        for (Future<Object> comer : threads.invokeAll(comers)) {
          comer.get();
        }
      } finally {
        done.set(true);
      }
      assertThat(removing.get()).isGreaterThan(10);
    }
    assertThat(base()).exists(); // the first server's, all the while
  }

  private Object comeAndGo(int seed) throws Exception {
    ImageRef own = hosts.rawImage(seed);
    for (int i = 0; i < 20; i++) {
      ServerId server = new ServerId(UUID.randomUUID());
      host.done(new BuildServer(header(server, 1), spec(own)));
      assertThat(base(host, own.sha256())).exists();
      DiskFrozen frozen =
          (DiskFrozen) host.done(new FreezeDisk(header(server, 2), "disk0", UUID.randomUUID()));
      assertThat(base(host, frozen.sha256())).exists();
      host.done(new StartServer(header(server, 3)));
      host.done(new DestroyServer(header(server, 4)));
    }
    return seed;
  }
}
