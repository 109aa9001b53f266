package dev.tern.agent;

import static dev.tern.agent.TwoHosts.MIGRATION;
import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.WithdrawKey;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.HostAnswer.ObjectInStock;
import dev.tern.contract.host.HostAnswer.Refused;
import dev.tern.contract.host.HostAnswer.Stock;
import dev.tern.contract.host.HostQuestion.TakeStock;
import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.contract.move.Streams;
import dev.tern.virt.VirtException;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The stock of a host")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class StockTakingTest {
  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  @BeforeEach
  void a_server_that_runs() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  private static Stock stock(TwoHosts.Host host) {
    return (Stock) host.agent.answer(new TakeStock());
  }

  private Stock stock() {
    return stock(hosts.source);
  }

  private static Runner runner(Stock stock) {
    assertThat(stock.guests()).hasSize(1);
    assertThat(stock.guests().getFirst().server()).isEqualTo(SERVER);
    return stock.guests().getFirst().runner();
  }

  @Test
  void is_its_guest_and_nothing_else() throws Exception {
    assertThat(runner(stock())).isEqualTo(Runner.RUNNING);
    assertThat(stock().guests().getFirst().since()).isPresent();
    assertThat(stock().objects()).isEmpty();
    assertThat(stock().receipts()).isEmpty();
    assertThat(stock(hosts.destination).guests()).isEmpty();
    hosts.source.restart();
    assertThat(runner(stock())).isEqualTo(Runner.RUNNING);
    assertThat(stock().objects()).isEmpty();
    hosts.source.done(new StopServer(header(2), Duration.ZERO));
    assertThat(runner(stock())).isEqualTo(Runner.STOPPED);
    assertThat(stock().objects()).isEmpty();
  }

  @Test
  void names_files_nobody_made_and_leaves_them() throws Exception {
    List<String> planted =
        List.of(
            "mine",
            "_base/notes.txt",
            "instances/notes.txt",
            "instances/" + SERVER.toString().toUpperCase(java.util.Locale.ROOT),
            "keys/mine",
            "kept/old-disk.qcow2",
            "probes/one",
            "receipts/paper",
            "receiving/half",
            "reserved/room",
            "secrets/password");
    for (String name : planted) {
      Files.writeString(hosts.source.data.resolve(name), "x");
    }
    assertThat(stock().objects())
        .extracting(ObjectInStock::name)
        .containsExactlyInAnyOrderElementsOf(planted);
    assertThat(stock().objects())
        .allMatch(object -> object.since().isPresent() && object.server().isEmpty());
    hosts.source.restart();
    for (String name : planted) {
      assertThat(hosts.source.data.resolve(name)).hasContent("x");
    }
  }

  @Test
  void names_what_is_a_servers_by_its_name() throws Exception {
    UUID other = UUID.fromString("11111111-2222-4333-8444-555555555555");
    List<String> planted =
        List.of(
            "keys/" + other + "-7",
            "receiving/" + other,
            "reserved/" + other + ".new",
            "secrets/" + other + "-disk0");
    for (String name : planted) {
      Files.writeString(hosts.source.data.resolve(name), "x");
    }
    Files.writeString(hosts.source.data.resolve("secrets").resolve(SERVER + "-disk0"), "x");
    assertThat(stock().objects())
        .extracting(ObjectInStock::name)
        .containsExactlyInAnyOrderElementsOf(planted);
    assertThat(stock().objects())
        .allMatch(object -> object.server().filter(id -> id.value().equals(other)).isPresent());
  }

  @Test
  void names_a_hypervisor_that_no_journal_owns_and_leaves_it() throws Exception {
    Path nobodys = hosts.source.data.resolve("instances").resolve("nobody");
    long pid = world.stray(nobodys, Recipes.recipe(hosts.source.instance(), SERVER));
    assertThat(stock().objects())
        .containsExactly(
            new ObjectInStock(
                Kind.PROCESS, "hypervisor with pid " + pid, Optional.empty(), Optional.empty()));
    assertThat(world.running()).contains(nobodys.toAbsolutePath());
    assertThat(stock(hosts.destination).objects()).isEmpty();
  }

  @Test
  void names_a_hypervisor_on_the_disks_of_a_server_that_is_stopped() throws Exception {
    hosts.source.done(new StopServer(header(2), Duration.ZERO));
    long pid =
        world.stray(hosts.source.instance(), Recipes.recipe(hosts.source.instance(), SERVER));
    assertThat(stock().objects())
        .containsExactly(
            new ObjectInStock(
                Kind.PROCESS, "hypervisor with pid " + pid, Optional.of(SERVER), Optional.empty()));
  }

  @Test
  void tells_of_a_damaged_journal_without_calling_its_process_a_stray() throws Exception {
    hosts.source.agent.close();
    Path journal = hosts.source.instance().resolve("journal");
    byte[] bytes = Files.readAllBytes(journal);
    bytes[bytes.length / 2] ^= 1;
    Files.write(journal, bytes);
    hosts.source.agent = hosts.source.open();
    assertThat(runner(stock())).isEqualTo(Runner.UNKNOWN);
    assertThat(stock().guests().getFirst().detail()).contains("damaged");
    assertThat(stock().objects()).isEmpty();
  }

  @Test
  void has_what_a_migration_needs_while_it_needs_it() throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    hosts.destination.done(new CheckDestination(header(2), facts, true));
    hosts.destination.done(new ReserveSpace(header(2), facts, true));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), facts));
    hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    Stock there = stock(hosts.destination);
    assertThat(runner(there)).isEqualTo(Runner.INCOMING);
    assertThat(there.objects())
        .extracting(ObjectInStock::kind)
        .containsExactlyInAnyOrder(Kind.KEY, Kind.RESERVATION, Kind.EXPORT);
    assertThat(there.objects()).allMatch(object -> object.server().equals(Optional.of(SERVER)));
    assertThat(there.receipts())
        .singleElement()
        .satisfies(open -> {
          assertThat(open.migration()).isEqualTo(MIGRATION);
          assertThat(open.server()).contains(SERVER);
          assertThat(open.receipt().entries()).isNotEmpty().allMatch(entry -> entry.open());
        });
    hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.done(new DeleteDisks(header(2)));
    hosts.destination.done(new WithdrawKey(header(2)));
    hosts.source.done(new WithdrawKey(header(2)));
    hosts.destination.done(new ReleaseSpace(header(2)));
    Stock after = stock(hosts.destination);
    assertThat(after.guests()).isEmpty();
    assertThat(after.objects()).isEmpty();
    assertThat(after.receipts()).isEmpty();
    assertThat(stock().objects()).isEmpty();
  }

  @Test
  void counts_what_it_does_not_name() throws Exception {
    for (int i = 0; i < StockTaking.MOST_OBJECTS + 3; i++) {
      Files.createFile(hosts.source.data.resolve("keys").resolve("mine-" + i));
    }
    assertThat(stock().objects()).hasSize(StockTaking.MOST_OBJECTS);
    assertThat(stock().leftOff()).isEqualTo(3);
  }

  @Test
  void is_refused_when_the_processes_cannot_be_seen() {
    world.failNext("processesBelow", VirtException.Kind.NO_ANSWER);
    assertThat(hosts.source.agent.answer(new TakeStock())).isInstanceOf(Refused.class);
  }
}
