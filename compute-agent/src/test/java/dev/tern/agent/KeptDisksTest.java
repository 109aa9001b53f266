package dev.tern.agent;

import static dev.tern.agent.TwoHosts.MIGRATION;
import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DropLayers;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KeepDisks;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.SealSecrets;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.WithdrawKey;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.contract.host.HostAnswer.ObjectInStock;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostAnswer.Stock;
import dev.tern.contract.host.HostQuestion.TakeStock;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
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
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What had come of the disks of a guest that was lost with its source")
@Tag("S88")
class KeptDisksTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private IncomingReady ready;

  /** One disk among the instances and one in a storage, both encrypted. */
  @BeforeEach
  void comes() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.runs(header(1), MoreDisks.of(true, List.of(4L << 20), Optional.empty()));
    ready = comes(2);
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private IncomingReady comes(long epoch) throws Exception {
    SourceFacts plain = (SourceFacts) hosts.source.done(new DescribeSource(header(epoch)));
    DiskPlace fast = new DiskPlace(Optional.of("fast"), Optional.empty());
    SourceFacts facts =
        plain.planned(
            plain.disks().stream()
                .map(disk -> disk.id().equals("disk1") ? disk.at(fast) : disk)
                .toList());
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, epoch);
    Map<String, String> secrets =
        ((SealedSecrets) hosts.source.done(new SealSecrets(header(epoch)))).byDisk();
    hosts.destination.done(new CreateDisks(header(epoch), facts, secrets));
    return (IncomingReady)
        hosts.destination.done(new StartIncoming(header(epoch), facts, Streams.PLAIN));
  }

  private Path kept() {
    return hosts.destination.data.resolve("kept").resolve(SERVER + "-2");
  }

  private Path inStorage(String name) {
    return hosts.destination.storage().resolve(name);
  }

  /** The source is lost, and the conductor gives the guest up. */
  private DisksKept givenUp() {
    hosts.destination.done(new KillIncoming(header(2)));
    DisksKept kept = (DisksKept) hosts.destination.done(new KeepDisks(header(2)));
    hosts.destination.done(new DropLayers(header(2)));
    hosts.destination.done(new WithdrawKey(header(2)));
    hosts.destination.done(new ReleaseSpace(header(2)));
    return kept;
  }

  /** All files of the copy: disks, passphrases, and what says what it is. */
  private Map<String, String> copy() throws Exception {
    Map<String, String> all = new TreeMap<>();
    for (Path root : List.of(kept(), inStorage(SERVER + "-2"))) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          all.put(directory.relativize(file).toString(), TwoHosts.sha256(Files.readAllBytes(file)));
        }
      }
    }
    try (Stream<Path> files = Files.list(hosts.destination.data.resolve("secrets"))) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("kept-"))
          .forEach(name -> all.put(name, ""));
    }
    return all;
  }

  private List<String> stock() {
    return ((Stock) hosts.destination.agent.answer(new TakeStock()))
        .objects().stream().map(ObjectInStock::name).toList();
  }

  private Receipt receipt() {
    return (Receipt) hosts.destination.agent.answer(new TellReceipt(MIGRATION));
  }

  @Test
  void is_kept_aside_with_what_is_needed_to_read_it_and_nothing_else() throws Exception {
    DisksKept told = givenUp();

    assertThat(told.directory()).contains(kept().toRealPath().toString());
    assertThat(world.running()).containsExactly(hosts.source.instance());
    assertThat(kept().resolve("LAST-COPY")).content().contains(SERVER + "", MIGRATION + "");
    assertThat(kept().resolve("recipe.json")).exists();
    assertThat(kept().resolve("disk0.qcow2")).exists();
    assertThat(kept().resolve("storage-fast").toRealPath())
        .isEqualTo(inStorage(SERVER + "-2").toRealPath());
    assertThat(kept().resolve("storage-fast").resolve("disk1.qcow2")).exists();
    assertThat(inStorage(SERVER.toString())).doesNotExist();
    assertThat(copy()).containsKeys("kept-" + SERVER + "-2-disk0", "kept-" + SERVER + "-2-disk1");
    assertThat(hosts.destination.data.resolve("secrets").resolve(SERVER + "-disk0")).doesNotExist();
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.destination.keyFiles()).isEmpty();
    assertThat(hosts.destination.data.resolve("reserved")).isEmptyDirectory();
    assertThat(receipt().entries()).noneMatch(ReceiptEntry::open);
    assertThat(receipt().entries())
        .filteredOn(entry -> entry.end().equals(Optional.of(ReceiptEntry.End.KEPT)))
        .extracting(ReceiptEntry::name)
        .contains("kept/" + SERVER + "-2");
    assertThat(stock()).containsExactly("kept/" + SERVER + "-2");
  }

  @Test
  void stays_whatever_is_asked_late_or_again_and_whoever_sweeps() throws Exception {
    DisksKept told = givenUp();
    Map<String, String> copy = copy();

    for (AgentRequest late :
        List.of(
            new KeepDisks(header(2)),
            new DeleteDisks(header(2)),
            new KillIncoming(header(2)),
            new KeepDisks(header(2)),
            new KillIncoming(header(2)),
            new DeleteDisks(header(2)),
            new DropLayers(header(2)))) {
      hosts.destination.done(late);
      assertThat(copy()).as("%s", late).isEqualTo(copy);
      hosts.destination.restart();
    }
    var _ =
        hosts.destination.agent.answer(
            new TellReceipt(MIGRATION, Optional.of(MigrationEnd.NOT_TAKEN_IN)));
    hosts.destination.agent.sweep();

    assertThat(hosts.destination.done(new KeepDisks(header(2)))).isEqualTo(told);
    assertThat(copy()).isEqualTo(copy);
    assertThat(stock()).containsExactly("kept/" + SERVER + "-2");
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void stays_when_the_server_is_brought_there_again() throws Exception {
    givenUp();
    Map<String, String> copy = copy();

    IncomingReady again = comes(3);
    assertThat(copy()).isEqualTo(copy);
    hosts.source.done(new MirrorDisks(header(3), again, MOVE));
    hosts.destination.done(new KillIncoming(header(3)));
    hosts.destination.done(new DeleteDisks(header(3)));

    assertThat(copy()).isEqualTo(copy);
    assertThat(inStorage(SERVER.toString())).doesNotExist();
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void goes_with_the_server_when_that_is_deleted_there() throws Exception {
    givenUp();

    hosts.destination.done(new DestroyServer(header(4)));

    assertThat(kept()).doesNotExist();
    assertThat(hosts.destination.storage()).isEmptyDirectory();
    assertThat(hosts.destination.data.resolve("secrets")).isEmptyDirectory();
    assertThat(stock()).isEmpty();
  }

  @Test
  void is_put_aside_in_full_by_the_agent_after_one_that_ended_meanwhile() throws Exception {
    hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.agent.close();
    Path secrets = hosts.destination.data.resolve("secrets");
    Files.writeString(hosts.destination.instance().resolve("LAST-COPY"), "half");
    Files.move(secrets.resolve(SERVER + "-disk0"), secrets.resolve("kept-" + SERVER + "-2-disk0"));
    Files.move(inStorage(SERVER.toString()), inStorage(SERVER + "-2"));
    hosts.destination.agent = hosts.destination.open();

    assertThat(givenUp().directory()).isPresent();

    assertThat(kept().resolve("storage-fast").resolve("disk1.qcow2")).exists();
    assertThat(copy()).containsKeys("kept-" + SERVER + "-2-disk0", "kept-" + SERVER + "-2-disk1");
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void is_not_put_aside_where_the_guest_has_arrived() {
    hosts.source.done(new MirrorDisks(header(2), ready, MOVE));
    hosts.source.done(new HandOver(header(2), ready, MOVE));
    hosts.destination.done(new AwaitArrival(header(2)));

    assertThat(hosts.destination.refused(new KeepDisks(header(2))).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(kept()).doesNotExist();
  }

  @Test
  void is_nothing_where_nothing_had_come() throws Exception {
    hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.done(new DeleteDisks(header(2)));
    hosts.destination.done(new KillIncoming(header(2)));

    assertThat(hosts.destination.done(new KeepDisks(header(2))))
        .isEqualTo(new DisksKept(Optional.empty()));
    assertThat(hosts.destination.data.resolve("kept")).isEmptyDirectory();
    assertThat(hosts.destination.instances()).isEmpty();
  }
}
