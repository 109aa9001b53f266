package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.PauseServer;
import dev.tern.contract.agent.AgentRequest.RebootServer;
import dev.tern.contract.agent.AgentRequest.ResumeServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.SuspendServer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.host.HostAnswer.Stock;
import dev.tern.contract.host.HostQuestion.TakeStock;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeCourse;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A suspended guest of an agent")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentSuspendedGuestTest {
  private static final int MOST_POINTS = 50;

  @TempDir Path directory;
  private final Ends ends = new Ends();
  private final FakeWorld world = new FakeWorld(ends);
  private TwoHosts hosts;
  private TwoHosts.Host host;

  /** Where in a driver's work somebody ends. */
  private final class Ends implements FakeCourse {
    private final AtomicInteger after = new AtomicInteger(-1);
    private volatile boolean qemu;

    /** After so many points, the agent or its QEMU. */
    void after(int points, boolean itsQemu) {
      qemu = itsQemu;
      after.set(points);
    }

    boolean happened() {
      return after.getAndSet(-1) < 0;
    }

    @Override
    public void at(Path instance, String point) {
      if (after.getAndUpdate(left -> left < 0 ? left : left - 1) == 0) {
        if (!qemu) {
          throw new AgentEnded(point);
        }
        world.kill(instance);
      }
    }

    @Override
    public void waits(Path instance, String what) {}

    @Override
    public void byItself(Path instance, String what, Runnable next) {
      next.run();
    }

    @Override
    public Runnable onBehalf(String name, Runnable work) {
      return work;
    }

    @Override
    public boolean linked(Path one, Path other) {
      return true;
    }
  }

  /** No code of the agent handles it: it does nothing any more. */
  private static final class AgentEnded extends Error {
    private static final long serialVersionUID = 1L;

    AgentEnded(String point) {
      super(point);
    }
  }

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    host = hosts.source;
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    host.done(new StartServer(header(1)));
    world.write();
  }

  @AfterEach
  void noGuestRanWithAnOlderMemory() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private Runner told(AgentRequest request) {
    return ((GuestReport) host.done(request)).runner();
  }

  private void isSuspended(long epoch) throws IOException {
    assertThat(host.report().detail()).isEmpty();
    assertThat(host.runner()).isEqualTo(Runner.SUSPENDED);
    assertThat(world.running()).isEmpty();
    assertThat(memories()).containsExactly("memory-" + epoch);
  }

  private void runs() throws IOException {
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
    assertThat(world.runners()).hasSize(1);
    assertThat(memories()).isEmpty();
    assertThat(host.data.resolve("reserved")).isEmptyDirectory();
    world.write();
    assertThat(world.writtenAt(host.instance()))
        .isEqualTo(world.acknowledged(TwoHosts.SERVER.toString()));
  }

  private List<String> memories() throws IOException {
    try (Stream<Path> files = Files.list(host.instance())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("memory-"))
          .toList();
    }
  }

  private Path memory(long epoch) {
    return host.instance().resolve("memory-" + epoch);
  }

  @Test
  void is_a_file_of_its_owner_and_no_process_and_goes_on_where_it_was() throws Exception {
    assertThat(told(new SuspendServer(header(2)))).isEqualTo(Runner.SUSPENDED);
    assertThat(told(new SuspendServer(header(2)))).isEqualTo(Runner.SUSPENDED);
    isSuspended(2);
    assertThat(Files.getPosixFilePermissions(memory(2)))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    host.restart();
    host.agent.report();
    isSuspended(2);
    assertThat(told(new ResumeServer(header(3)))).isEqualTo(Runner.RUNNING);
    assertThat(told(new ResumeServer(header(3)))).isEqualTo(Runner.RUNNING);
    runs();
    assertThat(host.refused(new SuspendServer(header(2))).code()).isEqualTo(ErrorCode.STALE_EPOCH);
    assertThat(told(new SuspendServer(header(4)))).isEqualTo(Runner.SUSPENDED);
    isSuspended(4);
  }

  @Test
  void is_the_process_or_the_file_wherever_its_agent_ended() throws Exception {
    long epoch = 2;
    boolean ended = true;
    for (int points = 0; ended && points < MOST_POINTS; points++) {
      ended = endsIn(points, new SuspendServer(header(epoch)));
      assertThat(world.violations()).isEmpty();
      assertThat(told(new SuspendServer(header(epoch)))).isEqualTo(Runner.SUSPENDED);
      isSuspended(epoch);
      assertThat(told(new ResumeServer(header(epoch + 1)))).isEqualTo(Runner.RUNNING);
      runs();
      epoch += 2;
    }
    assertThat(ended).isFalse();
    assertThat(epoch).as("points at which it ended").isGreaterThan(8);
  }

  @Test
  void goes_on_once_wherever_its_agent_ended() throws Exception {
    long epoch = 2;
    boolean ended = true;
    for (int points = 0; ended && points < MOST_POINTS; points++) {
      assertThat(told(new SuspendServer(header(epoch)))).isEqualTo(Runner.SUSPENDED);
      ended = endsIn(points, new ResumeServer(header(epoch + 1)));
      assertThat(told(new ResumeServer(header(epoch + 1)))).isEqualTo(Runner.RUNNING);
      runs();
      epoch += 2;
    }
    assertThat(ended).isFalse();
    assertThat(epoch).as("points at which it ended").isGreaterThan(8);
  }

  /** The agent ends at that point, and another one is there; whether it came to that. */
  private boolean endsIn(int points, AgentRequest request) throws IOException {
    ends.after(points, false);
    var _ = host.ask(request);
    boolean ended = ends.happened();
    host.restart();
    return ended;
  }

  @Test
  void is_recorded_before_its_process_ends_and_lets_go_of_its_file_after_it_runs()
      throws Exception {
    world.failNext("kill", Kind.NO_ANSWER);
    var _ = host.ask(new SuspendServer(header(2)));
    assertThat(world.running()).hasSize(1);
    assertThat(host.runner()).isEqualTo(Runner.SUSPENDED);
    host.restart(); // ends what is not the guest
    isSuspended(2);
    world.loseNextAnswer("cont");
    var _ = host.ask(new ResumeServer(header(3)));
    world.write();
    assertThat(memories()).hasSize(1);
    host.restart();
    runs();
    assertThat(told(new ResumeServer(header(3)))).isEqualTo(Runner.RUNNING);
  }

  @Test
  void ends_as_any_whose_process_is_killed_or_is_suspended() throws Exception {
    boolean killed = true;
    long epoch = 2;
    for (int points = 0; killed && points < MOST_POINTS; points++) {
      ends.after(points, true);
      var _ = host.ask(new SuspendServer(header(epoch)));
      killed = ends.happened();
      Runner now = told(new SuspendServer(header(epoch)));
      if (now == Runner.SUSPENDED) {
        isSuspended(epoch);
      } else {
        assertThat(now).isEqualTo(Runner.STOPPED);
        assertThat(memories()).isEmpty();
      }
      host.done(new RebootServer(header(epoch + 1), Duration.ZERO));
      runs();
      epoch += 2;
    }
    assertThat(killed).isFalse();
  }

  @Test
  void is_suspended_as_before_when_its_process_is_killed_before_it_ran() throws Exception {
    boolean killed = true;
    long epoch = 2;
    for (int points = 0; killed && points < MOST_POINTS; points++) {
      assertThat(told(new SuspendServer(header(epoch)))).isEqualTo(Runner.SUSPENDED);
      ends.after(points, true);
      var first = host.ask(new ResumeServer(header(epoch + 1)));
      killed = ends.happened();
      if (!(first instanceof Done)) {
        isSuspended(epoch);
      }
      Runner now = told(new ResumeServer(header(epoch + 1)));
      if (now == Runner.STOPPED) { // killed when it was the guest already
        assertThat(memories()).isEmpty();
        host.done(new StartServer(header(epoch + 1)));
      }
      runs();
      epoch += 2;
    }
    assertThat(killed).isFalse();
  }

  @Test
  void is_never_restored_from_a_file_that_was_used() throws Exception {
    assertThat(told(new SuspendServer(header(2)))).isEqualTo(Runner.SUSPENDED);
    byte[] old = Files.readAllBytes(memory(2));
    assertThat(told(new ResumeServer(header(3)))).isEqualTo(Runner.RUNNING);
    world.write();
    Files.write(memory(2), old);
    assertThat(stock().objects())
        .singleElement()
        .satisfies(found -> assertThat(found.name()).endsWith("/memory-2"));
    host.done(new StopServer(header(4), Duration.ZERO));
    assertThat(told(new ResumeServer(header(5)))).isEqualTo(Runner.STOPPED);
    host.agent.sweep();
    assertThat(memories()).isEmpty();
    host.done(new StartServer(header(6)));
    assertThatThrownBy(() ->
            Standing.of(
                List.of(
                    new JournalEntry.Created(1),
                    new JournalEntry.Launched(1),
                    new JournalEntry.Suspended(2, 1, 1),
                    new JournalEntry.Restored(3, 2),
                    new JournalEntry.Restored(4, 2))))
        .isInstanceOf(Standing.ImpossibleEntry.class);
    runs();
  }

  private Stock stock() {
    return (Stock) host.agent.answer(new TakeStock());
  }

  @Test
  void is_none_where_its_memory_finds_no_room_and_runs_on() throws Exception {
    byte[] disk = new byte[10 << 20]; // what its disks take already is no room for its memory
    new java.util.Random(1).nextBytes(disk);
    Files.write(host.instance().resolve("disk9"), disk);
    host.figures.diskFree = (1L << 30) + 168_000_000;
    Failure failure = host.refused(new SuspendServer(header(2)));
    assertThat(failure.code()).isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(failure.message())
        .contains("could not be suspended")
        .contains("too little disk: 168000000 bytes available");
    runs();
    host.figures.diskFree = 100L << 30;
    world.failNext("save", Kind.REFUSED);
    assertThat(host.refused(new SuspendServer(header(3))).message())
        .contains("could not be suspended");
    runs();
  }

  @Test
  void whose_file_is_not_what_was_saved_stays_suspended_until_it_is_given_up() throws Exception {
    assertThat(told(new SuspendServer(header(2)))).isEqualTo(Runner.SUSPENDED);
    byte[] whole = Files.readAllBytes(memory(2));
    byte[] damaged = whole.clone();
    damaged[whole.length - 5] ^= 1;
    Files.write(memory(2), damaged);
    assertThat(host.refused(new ResumeServer(header(3))).message()).contains("checksum");
    isSuspended(2);
    Files.write(memory(2), java.util.Arrays.copyOf(whole, 99));
    assertThat(host.refused(new ResumeServer(header(4))).message()).contains("99 bytes of");
    assertThat(host.report().detail()).contains("99 bytes of");
    Files.delete(memory(2));
    assertThat(host.refused(new ResumeServer(header(5))).message()).contains("saved memory");
    assertThat(host.runner()).isEqualTo(Runner.SUSPENDED);
    host.done(new RebootServer(header(6), Duration.ZERO));
    runs();
  }

  @Test
  void is_stopped_and_deleted_with_its_file_and_asked_for_nothing_else() throws Exception {
    assertThat(told(new SuspendServer(header(2)))).isEqualTo(Runner.SUSPENDED);
    for (AgentRequest no :
        List.of(
            new PauseServer(header(2)),
            new StartServer(header(2)),
            new DescribeSource(header(2)),
            new AgentRequest.DescribeServer(header(2)),
            new AgentRequest.LetGo(header(2), Duration.ZERO))) {
      assertThat(host.refused(no).code()).isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    }
    isSuspended(2);
    host.done(new StopServer(header(3), Duration.ZERO));
    assertThat(host.runner()).isEqualTo(Runner.STOPPED);
    assertThat(memories()).isEmpty();
    assertThat(told(new SuspendServer(header(4)))).isEqualTo(Runner.STOPPED);
    host.done(new StartServer(header(5)));
    assertThat(told(new SuspendServer(header(6)))).isEqualTo(Runner.SUSPENDED);
    host.done(new DestroyServer(header(7)));
    assertThat(host.instance()).doesNotExist();
  }
}
