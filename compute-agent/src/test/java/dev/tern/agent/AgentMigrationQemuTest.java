package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelHandOver;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CheckSource;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.EndCheck;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KeepConsole;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.PauseServer;
import dev.tern.contract.agent.AgentRequest.ReadConsole;
import dev.tern.contract.agent.AgentRequest.RebootServer;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.SealConsole;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.UnpauseServer;
import dev.tern.contract.agent.AgentRequest.WantConsole;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.agent.AgentResult.ConsoleWanted;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SealedConsole;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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

@DisplayName("A migration of a real guest between two agents")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentMigrationQemuTest {
  private static final Move LIMITS =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofMinutes(2), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir Path directory;
  private TwoHosts hosts;
  private boolean restarts;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
  }

  @AfterEach
  void leaveNoProcess() throws Exception {
    for (TwoHosts.Host host : List.of(hosts.source, hosts.destination)) {
      host.ask(new DestroyServer(header(100)));
    }
    hosts.close();
  }

  private AgentResult ask(TwoHosts.Host host, AgentRequest request) throws Exception {
    AgentResult result = host.done(request);
    if (restarts) {
      hosts.source.restart();
      hosts.destination.restart();
    }
    return result;
  }

  private void boot() throws Exception {
    byte[] disk = new byte[8 << 20];
    disk[disk.length - 1] = 1; // behind the blocks the guest writes
    ServerSpec spec =
        new ServerSpec(
            "guest",
            1,
            96,
            16 << 20,
            "qcow2",
            hosts.image("raw", disk),
            Optional.of(hosts.image("raw", guestFile("vmlinux"))),
            Optional.of(hosts.image("raw", guestFile("initrd.gz"))),
            Optional.of(
                "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                    + " tern.write=50,1024,0 tern.mem=8,20"),
            false);
    ask(hosts.source, new BuildServer(header(1), spec));
    ask(hosts.source, new StartServer(header(1)));
    awaitLines(hosts.source, "A ", 20);
  }

  @ParameterizedTest(name = "agents restarted between all requests: {0}")
  @ValueSource(booleans = {false, true})
  void ends_with_it_running_there_without_a_reboot_and_with_every_acknowledged_write(
      boolean restarted) throws Exception {
    restarts = restarted;
    boot();
    IncomingReady ready = prepare(2);
    ask(hosts.source, new MirrorDisks(header(2), ready, LIMITS));
    HandedOver sent = (HandedOver) ask(hosts.source, new HandOver(header(2), ready, LIMITS));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    Arrived arrived = (Arrived) ask(hosts.destination, new AwaitArrival(header(2)));
    if (!restarted) {
      assertThat(sent.stamps()).isPresent();
      assertThat(arrived.stamps()).isPresent();
      assertThat(
              Duration.between(
                  sent.stamps().get().stopped().orElseThrow(),
                  arrived.stamps().get().resumed().orElseThrow()))
          .isBetween(Duration.ZERO, Duration.ofSeconds(5));
    }
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
    List<String> before = console(hosts.source);
    ask(hosts.source, new RetireSource(header(2), false));
    assertThat(hosts.source.instances()).isEmpty();
    hosts.awaitNoKeys();
    awaitLines(hosts.destination, "A ", 20);
    List<String> after = console(hosts.destination);
    assertThat(after).noneMatch(line -> line.startsWith("R "));
    assertThat(number(lines(after, "A ").getFirst()))
        .isEqualTo(number(lines(before, "A ").getLast()) + 1);
    assertThat(hosts.progress).anySatisfy(p -> assertThat(p.memoryProcessed()).isPositive());
    ask(hosts.destination, new StopServer(header(3), Duration.ofSeconds(20)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.STOPPED);
    ask(hosts.destination, new StartServer(header(4)));
    awaitLines(hosts.destination, "A ", lines(after, "A ").size() + 40);
    assertThat(console(hosts.destination))
        .noneMatch(line -> line.startsWith("R LOST") || line.startsWith("R CORRUPT"));
  }

  @ParameterizedTest(name = "agents restarted between all requests: {0}")
  @ValueSource(booleans = {false, true})
  void of_a_paused_one_leaves_it_paused_until_it_is_unpaused_or_rebooted(boolean restarted)
      throws Exception {
    boot();
    restarts = restarted;
    assertThat(report(hosts.source, new PauseServer(header(2)))).isEqualTo(Runner.PAUSED);
    List<String> before = console(hosts.source);
    IncomingReady ready = prepare(3);
    ask(hosts.source, new MirrorDisks(header(3), ready, LIMITS));
    HandedOver sent = (HandedOver) ask(hosts.source, new HandOver(header(3), ready, LIMITS));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    ask(hosts.destination, new AwaitArrival(header(3)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.PAUSED);
    assertThat(lines(console(hosts.source), "A ")).isEqualTo(lines(before, "A "));
    ask(hosts.source, new RetireSource(header(3), false));
    assertThat(lines(console(hosts.destination), "A ")).isEmpty();
    assertThat(report(hosts.destination, new UnpauseServer(header(4)))).isEqualTo(Runner.RUNNING);
    awaitLines(hosts.destination, "A ", 20);
    List<String> after = console(hosts.destination);
    assertThat(after).noneMatch(line -> line.startsWith("R "));
    assertThat(number(lines(after, "A ").getFirst()))
        .isEqualTo(number(lines(before, "A ").getLast()) + 1);
    assertThat(report(hosts.destination, new PauseServer(header(5)))).isEqualTo(Runner.PAUSED);
    ask(hosts.destination, new RebootServer(header(6), Duration.ZERO));
    ask(hosts.destination, new RebootServer(header(6), Duration.ZERO));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    awaitLines(hosts.destination, "R ", 1);
    awaitLines(hosts.destination, "A ", lines(after, "A ").size() + 40);
    assertThat(console(hosts.destination))
        .noneMatch(line -> line.startsWith("R LOST") || line.startsWith("R CORRUPT"));
    assertThat(lines(console(hosts.destination), "R ready")).hasSize(1);
  }

  private Runner report(TwoHosts.Host host, AgentRequest request) throws Exception {
    return ((GuestReport) ask(host, request)).runner();
  }

  @Test
  void leaves_every_file_to_the_agents_user_alone() throws Exception {
    boot();
    assertThat(Modes.checkPrivate(hosts.source.data))
        .map(path -> path.getFileName().toString())
        .contains("journal", "recipe.json", "console.log", "disk0.qcow2", "qmp1.sock", "process");
    IncomingReady ready = prepare(2);
    assertThat(Modes.checkPrivate(hosts.destination.data))
        .map(path -> path.getFileName().toString())
        .contains("keys.psk", "incoming.json", "disk0.qcow2");
    ask(hosts.source, new MirrorDisks(header(2), ready, LIMITS));
    Modes.checkPrivate(hosts.source.data);
    assertThat(((HandedOver) ask(hosts.source, new HandOver(header(2), ready, LIMITS))).sent())
        .isTrue();
    ask(hosts.destination, new AwaitArrival(header(2)));
    Modes.checkPrivate(hosts.source.data);
    Modes.checkPrivate(hosts.destination.data);
    ask(hosts.source, new RetireSource(header(2), true));
    assertThat(Modes.checkPrivate(hosts.source.data))
        .anyMatch(path -> path.startsWith("kept") && path.endsWith("disk0.qcow2"));
  }

  @Test
  void that_is_taken_back_leaves_it_running_at_home() throws Exception {
    boot();
    IncomingReady ready = prepare(2);
    ask(hosts.source, new MirrorDisks(header(2), ready, LIMITS));
    ask(hosts.source, new CancelHandOver(header(2)));
    ask(hosts.source, new CancelMirrors(header(2)));
    ask(hosts.destination, new KillIncoming(header(2)));
    ask(hosts.destination, new DeleteDisks(header(2)));
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    int written = lines(console(hosts.source), "A ").size();
    awaitLines(hosts.source, "A ", written + 20);
    IncomingReady again = prepare(3);
    ask(hosts.source, new MirrorDisks(header(3), again, LIMITS));
    assertThat(((HandedOver) ask(hosts.source, new HandOver(header(3), again, LIMITS))).sent())
        .isTrue();
    ask(hosts.destination, new AwaitArrival(header(3)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @ParameterizedTest(name = "agents restarted between all requests: {0}")
  @ValueSource(booleans = {false, true})
  @Tag("S146")
  void has_what_it_said_before_on_its_console_line_by_line(boolean restarted) throws Exception {
    boot();
    IncomingReady ready = prepare(2);
    ask(hosts.source, new MirrorDisks(header(2), ready, LIMITS));
    assertThat(((HandedOver) ask(hosts.source, new HandOver(header(2), ready, LIMITS))).sent())
        .isTrue();
    ask(hosts.destination, new AwaitArrival(header(2)));
    awaitLines(hosts.destination, "A ", 5);
    byte[] said = Files.readAllBytes(hosts.source.instance().resolve("console.log"));
    ConsoleWanted wanted = (ConsoleWanted) ask(hosts.destination, new WantConsole(header(2)));
    SealedConsole sealed =
        (SealedConsole) ask(hosts.source, new SealConsole(header(2), wanted.publicHalf()));
    ask(hosts.destination, new KeepConsole(header(2), sealed));
    restarts = restarted;
    ask(hosts.source, new RetireSource(header(2), false));
    ask(hosts.source, new DestroyServer(header(3)));
    assertThat(hosts.destination.instance().resolve("console.earlier")).hasBinaryContent(said);
    awaitLines(hosts.destination, "A ", 20);
    String text =
        ((ConsoleOutput) ask(hosts.destination, new ReadConsole(header(2), Optional.empty())))
            .text();
    List<Long> numbers =
        lines(Arrays.asList(text.substring(0, text.lastIndexOf('\n')).split("\r?\n")), "A ")
            .stream()
            .map(AgentMigrationQemuTest::number)
            .toList();
    assertThat(numbers.getFirst()).isLessThanOrEqualTo(1);
    assertThat(numbers).hasSizeGreaterThan(40);
    for (int i = 1; i < numbers.size(); i++) {
      assertThat(numbers.get(i)).isEqualTo(numbers.get(i - 1) + 1);
    }
  }

  private IncomingReady prepare(long epoch) throws Exception {
    SourceFacts facts = (SourceFacts) ask(hosts.source, new DescribeSource(header(epoch)));
    DestinationFacts there =
        (DestinationFacts) ask(hosts.destination, new CheckDestination(header(epoch), facts, true));
    ask(hosts.source, new CheckSource(header(epoch), there.probeFile(), BlockMigration.YES));
    ask(hosts.destination, new EndCheck(header(epoch), there.probeFile()));
    TwoHosts.agreeOnKey(this::ask, hosts.source, hosts.destination, epoch);
    ask(hosts.destination, new CreateDisks(header(epoch), facts));
    return (IncomingReady)
        ask(hosts.destination, new StartIncoming(header(epoch), facts, Streams.PLAIN));
  }

  private static byte[] guestFile(String name) throws Exception {
    String given = System.getenv().getOrDefault("TERN_GUEST_DIR", "");
    Path guest =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    assertThat(guest.resolve(name)).as("built by guest/build-guest").isRegularFile();
    return Files.readAllBytes(guest.resolve(name));
  }

  private static List<String> console(TwoHosts.Host host) throws Exception {
    String text = Files.readString(host.instance().resolve("console.log"));
    // What follows the last newline is still being written.
    return Arrays.asList(text.substring(0, text.lastIndexOf('\n') + 1).split("\r?\n"));
  }

  private static List<String> lines(List<String> console, String start) {
    return console.stream().filter(line -> line.startsWith(start)).toList();
  }

  private static long number(String line) {
    return Long.parseLong(line.split(" ")[1]);
  }

  private static void awaitLines(TwoHosts.Host host, String start, int count) throws Exception {
    until(
        "%d lines of %s on %s".formatted(count, start.strip(), host.name),
        LONG,
        () -> lines(console(host), start).size() >= count);
  }
}
