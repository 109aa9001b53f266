package dev.tern.agent;

import static dev.tern.agent.TwoHosts.MIGRATION;
import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelHandOver;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.WithdrawKey;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion.ForgetReceipt;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.host.ReceiptEntry.End;
import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
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

@DisplayName("The receipt of a migration")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class ReceiptTest {
  private static final Move LIMITS =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private boolean restarting;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  private AgentResult ask(TwoHosts.Host host, AgentRequest request) throws Exception {
    AgentResult result = host.done(request);
    if (restarting) {
      hosts.source.restart();
      hosts.destination.restart();
    }
    return result;
  }

  private static Receipt receipt(TwoHosts.Host host) {
    return (Receipt) host.agent.answer(new TellReceipt(MIGRATION));
  }

  private SourceFacts prepared() throws Exception {
    ask(hosts.source, new BuildServer(header(1), spec(hosts.rawImage(1))));
    ask(hosts.source, new StartServer(header(1)));
    SourceFacts facts = (SourceFacts) ask(hosts.source, new DescribeSource(header(2)));
    ask(hosts.destination, new CheckDestination(header(2), facts, true));
    ask(hosts.destination, new ReserveSpace(header(2), facts, true));
    TwoHosts.agreeOnKey(this::ask, hosts.source, hosts.destination, 2);
    ask(hosts.destination, new CreateDisks(header(2), facts));
    return facts;
  }

  private IncomingReady mirrored(SourceFacts facts) throws Exception {
    IncomingReady ready =
        (IncomingReady) ask(hosts.destination, new StartIncoming(header(2), facts, Streams.PLAIN));
    ask(hosts.source, new MirrorDisks(header(2), ready, LIMITS));
    return ready;
  }

  private void takenBack() throws Exception {
    ask(hosts.source, new CancelMirrors(header(2)));
    ask(hosts.source, new CancelHandOver(header(2)));
    ask(hosts.destination, new KillIncoming(header(2)));
    ask(hosts.destination, new DeleteDisks(header(2)));
    ask(hosts.destination, new WithdrawKey(header(2)));
    ask(hosts.source, new WithdrawKey(header(2)));
    ask(hosts.destination, new ReleaseSpace(header(2)));
  }

  private static List<String> ended(Receipt receipt, End end) {
    return receipt.entries().stream()
        .filter(entry -> entry.end().equals(Optional.of(end)))
        .map(ReceiptEntry::name)
        .toList();
  }

  private static List<String> open(Receipt receipt) {
    return receipt.entries().stream().filter(ReceiptEntry::open).map(ReceiptEntry::name).toList();
  }

  /** Nothing is open, whatever was made has its times, and they are in order. */
  private static void assertSettled(Receipt receipt) {
    assertThat(open(receipt)).isEmpty();
    assertThat(receipt.settled()).isTrue();
    for (ReceiptEntry entry : receipt.entries()) {
      assertThat(entry.madeAt().isPresent())
          .as(entry.name())
          .isEqualTo(entry.end().orElseThrow() != End.NOT_MADE);
      entry.madeAt().ifPresent(at -> assertThat(at).isAfterOrEqualTo(entry.intendedAt()));
      assertThat(entry.endedAt().orElseThrow()).isAfterOrEqualTo(entry.intendedAt());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void that_arrived_says_what_went_and_what_is_the_guests_own_now(boolean restarts)
      throws Exception {
    restarting = restarts;
    SourceFacts facts = prepared();
    IncomingReady ready = mirrored(facts);
    ask(hosts.source, new HandOver(header(2), ready, LIMITS));
    ask(hosts.destination, new AwaitArrival(header(2)));
    ask(hosts.source, new RetireSource(header(2), false));
    hosts.awaitNoKeys();

    Receipt there = receipt(hosts.destination);
    assertSettled(there);
    String home = "instances/" + SERVER;
    assertThat(ended(there, End.KEPT))
        .contains(home, home + "/journal", home + "/recipe.json", "qemu of " + SERVER, "disk0");
    assertThat(ended(there, End.KEPT)).filteredOn(name -> name.startsWith("_base/")).isNotEmpty();
    assertThat(there.entries())
        .filteredOn(entry -> entry.end().equals(Optional.of(End.REMOVED)))
        .extracting(ReceiptEntry::kind)
        .contains(Kind.KEY, Kind.RESERVATION, Kind.PORT, Kind.EXPORT);
    assertThat(ended(there, End.NOT_MADE)).isSubsetOf("disk1", "tls-server", serverKeys());

    Receipt here = receipt(hosts.source);
    assertSettled(here);
    assertThat(ended(here, End.REMOVED))
        .contains("target-disk0", home + "/move.json", "keys/" + SERVER + "-2");
    assertThat(ended(here, End.KEPT)).isEmpty();
  }

  /** A simulated QEMU reads no files. */
  private static String serverKeys() {
    return "instances/" + SERVER + "/tls-server/keys.psk";
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void that_was_taken_back_keeps_nothing(boolean restarts) throws Exception {
    restarting = restarts;
    var _ = mirrored(prepared());
    assertThat(open(receipt(hosts.source)))
        .contains("target-disk0", "instances/" + SERVER + "/move.json");
    assertThat(open(receipt(hosts.destination)))
        .contains("qemu of " + SERVER, "export-disk0", "reserved/" + SERVER);
    takenBack();
    Receipt there = receipt(hosts.destination);
    assertSettled(there);
    assertThat(ended(there, End.KEPT)).allMatch(name -> name.startsWith("_base/"));
    Receipt here = receipt(hosts.source);
    assertSettled(here);
    assertThat(ended(here, End.KEPT)).isEmpty();
    assertThat(hosts.source.instance().resolve("move.json")).doesNotExist();
  }

  @Test
  @Tag("S77")
  void says_of_what_could_not_be_made_that_it_was_not() throws Exception {
    SourceFacts facts = prepared();
    assertThat(hosts.destination.instance().resolve("disk0.qcow2"))
        .as("the disks are there before their QEMU")
        .isNotEmptyFile();
    world.failNext("launch", VirtException.Kind.REFUSED);
    assertThat(hosts.destination.refused(new StartIncoming(header(2), facts, Streams.PLAIN)))
        .isNotNull();
    assertThat(ended(receipt(hosts.destination), End.NOT_MADE))
        .contains("qemu of " + SERVER, "export-disk0");
    ask(hosts.destination, new KillIncoming(header(2)));
    ask(hosts.destination, new DeleteDisks(header(2)));
    ask(hosts.destination, new WithdrawKey(header(2)));
    ask(hosts.destination, new ReleaseSpace(header(2)));
    assertSettled(receipt(hosts.destination));
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void is_written_before_anything_is_made_or_nothing_is() throws Exception {
    ask(hosts.source, new BuildServer(header(1), spec(hosts.rawImage(1))));
    ask(hosts.source, new StartServer(header(1)));
    SourceFacts facts = (SourceFacts) ask(hosts.source, new DescribeSource(header(2)));
    Path receipts = hosts.destination.data.resolve("receipts");
    Files.delete(receipts);
    Files.createFile(receipts);
    assertThat(hosts.destination.refused(new CreateDisks(header(2), facts))).isNotNull();
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.destination.data.resolve("_base")).isEmptyDirectory();
    Files.delete(receipts);
    Files.createDirectory(receipts);
  }

  @Test
  void that_is_damaged_is_reported_left_as_it_is_and_hinders_no_undo() throws Exception {
    var _ = mirrored(prepared());
    Path file = hosts.destination.data.resolve("receipts").resolve(MIGRATION.toString());
    hosts.destination.agent.close();
    byte[] damaged = Files.readAllBytes(file);
    damaged[damaged.length / 2] ^= 1;
    Files.write(file, damaged);
    hosts.destination.agent = hosts.destination.open();

    assertThat(receipt(hosts.destination).damaged().orElseThrow()).contains("is damaged at byte");
    assertThat(hosts.destination.refused(new AgentRequest.AgreeOnKey(header(2), Optional.empty())))
        .extracting(dev.tern.contract.Failure::message)
        .asString()
        .contains(MIGRATION.toString());
    hosts.source.done(new CancelMirrors(header(2)));
    hosts.destination.done(new WithdrawKey(header(2)));
    hosts.destination.done(new ReleaseSpace(header(2)));
    assertThat(hosts.destination.agent.answer(new ForgetReceipt(MIGRATION)))
        .isInstanceOf(Receipt.class);
    assertThat(Files.readAllBytes(file)).isEqualTo(damaged);
    assertThat(hosts.destination.agent.report().receipts()).containsExactly(MIGRATION);
  }

  @Test
  void whose_last_line_was_cut_off_is_believed_without_it() throws Exception {
    SourceFacts facts = prepared();
    Path file = hosts.destination.data.resolve("receipts").resolve(MIGRATION.toString());
    hosts.destination.agent.close();
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 3));
    hosts.destination.agent = hosts.destination.open();
    Receipt read = receipt(hosts.destination);
    assertThat(read.damaged()).isEmpty();
    assertThat(read.entries()).isNotEmpty();
    assertThat(hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN)))
        .isInstanceOf(IncomingReady.class);
  }

  @Test
  void stays_until_it_is_kept_elsewhere_and_nothing_in_it_is_open() throws Exception {
    var _ = mirrored(prepared());
    var _ = hosts.destination.agent.answer(new ForgetReceipt(MIGRATION));
    assertThat(hosts.destination.agent.report().receipts()).containsExactly(MIGRATION);
    takenBack();
    assertThat(receipt(hosts.destination).settled()).isTrue();
    var _ = hosts.destination.agent.answer(new ForgetReceipt(MIGRATION));
    assertThat(hosts.destination.agent.report().receipts()).isEmpty();
    assertThat(hosts.destination.data.resolve("receipts")).isEmptyDirectory();
    assertThat(receipt(hosts.destination).entries()).isEmpty();
  }
}
