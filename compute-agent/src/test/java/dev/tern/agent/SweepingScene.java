package dev.tern.agent;

import static dev.tern.agent.TwoHosts.MIGRATION;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.WithdrawKey;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Two hosts in the middle of a migration, and what sweeps them. */
abstract class SweepingScene {
  static final Move LIMITS =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  final FakeWorld world = new FakeWorld();
  TwoHosts hosts;
  SourceFacts facts;

  @BeforeEach
  void a_migration_under_way() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
    facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    hosts.destination.done(new CheckDestination(header(2), facts, true));
    hosts.destination.done(new ReserveSpace(header(2), facts, true));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), facts));
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(world.violations()).isEmpty();
    hosts.close();
  }

  IncomingReady incoming() {
    return (IncomingReady)
        hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
  }

  IncomingReady mirrored() {
    IncomingReady ready = incoming();
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    return ready;
  }

  static Receipt over(TwoHosts.Host host, MigrationEnd end) {
    return (Receipt) host.agent.answer(new TellReceipt(MIGRATION, Optional.of(end)));
  }

  static Receipt receipt(TwoHosts.Host host) {
    return (Receipt) host.agent.answer(new TellReceipt(MIGRATION));
  }

  /** Every file of a host but its receipts and journals, with what is in it. */
  static Map<String, byte[]> files(TwoHosts.Host host) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(host.data)) {
      for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
        String name = host.data.relativize(file).toString();
        if (!name.startsWith("receipts")
            && !name.endsWith("journal")
            && !name.equals("agent.lock")) {
          files.put(name, Files.readAllBytes(file));
        }
      }
    }
    return files;
  }

  /** Tells both ends, sweeps, restarts, sweeps again: nothing but the receipt may change. */
  void assertUntouchedBy(TwoHosts.Host host, MigrationEnd end) throws Exception {
    Map<String, byte[]> before = files(host);
    List<Path> processes = world.running();
    var _ = over(host, end);
    host.agent.sweep();
    host.restart();
    host.agent.sweep();
    var _ = over(host, end);
    assertThat(world.running()).isEqualTo(processes);
    assertThat(files(host).keySet()).isEqualTo(before.keySet());
    before.forEach(
        (name, bytes) -> assertThat(host.data.resolve(name)).as(name).hasBinaryContent(bytes));
  }

  void assertNothingLeft() throws Exception {
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.destination.keyFiles()).isEmpty();
    for (String name : List.of("reserved", "receiving", "keys", "trash")) {
      assertThat(hosts.destination.data.resolve(name)).isEmptyDirectory();
    }
    assertThat(world.running()).containsExactly(hosts.source.instance().toAbsolutePath());
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(receipt(hosts.destination).settled()).isTrue();
  }

  static String whyOf(Receipt receipt, String name) {
    return receipt.entries().stream()
        .filter(entry -> entry.name().equals(name))
        .flatMap(entry -> entry.why().stream())
        .findFirst()
        .orElse("");
  }

  void takenBack() {
    hosts.source.done(new CancelMirrors(header(2)));
    hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.done(new DeleteDisks(header(2)));
    hosts.destination.done(new WithdrawKey(header(2)));
    hosts.source.done(new WithdrawKey(header(2)));
    hosts.destination.done(new ReleaseSpace(header(2)));
  }
}
