package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.AskCopy;
import dev.tern.contract.agent.AgentRequest.AttachVolume;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckCopy;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.AgentRequest.CopyUse;
import dev.tern.contract.agent.AgentRequest.DescribeChain;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DigestDisk;
import dev.tern.contract.agent.AgentRequest.DropCopy;
import dev.tern.contract.agent.AgentRequest.EndCopy;
import dev.tern.contract.agent.AgentRequest.FreezeDisk;
import dev.tern.contract.agent.AgentRequest.LimitCopy;
import dev.tern.contract.agent.AgentRequest.RemoveCopy;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartCopy;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.UploadCopy;
import dev.tern.contract.agent.AgentResult.ChainReport;
import dev.tern.contract.agent.AgentResult.CopyReport;
import dev.tern.contract.agent.AgentResult.CopyState;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskFrozen;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.contract.agent.NbdExport;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
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

@DisplayName("The disks of an agent's server")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentDisksTest {
  private static final UUID COPY = UUID.fromString("c0ffee00-0000-4000-8000-000000000001");

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private TwoHosts.Host host;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    host = hosts.source;
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    host.done(new StartServer(header(1)));
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  private static CopyOrder order(UUID id) {
    return new CopyOrder(
        id,
        "disk0",
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        false,
        true,
        0);
  }

  private static CopyOrder named(String name, boolean overwrite, boolean reuse) {
    return new CopyOrder(
        COPY,
        "disk0",
        false,
        Optional.of("fast"),
        Optional.of(name),
        Optional.empty(),
        overwrite,
        reuse,
        false,
        0);
  }

  private CopyState state(UUID id) {
    return ((CopyReport) host.done(new AskCopy(header(2), id))).state();
  }

  private void ready(CopyOrder order) {
    host.done(new StartCopy(header(2), order));
    for (int looks = 0; looks < 5 && state(order.id()) != CopyState.READY; looks++) {
      assertThat(state(order.id())).isIn(CopyState.RUNNING, CopyState.READY);
    }
  }

  private Disk disk() {
    return disk(2);
  }

  private Disk disk(long epoch) {
    return ((DiskReport) host.done(new DescribeDisks(header(epoch)))).disks().getFirst();
  }

  private List<String> files() throws Exception {
    try (Stream<Path> all = Files.list(host.instance())) {
      return all.map(path -> path.getFileName().toString())
          .filter(name -> name.endsWith(".qcow2") || name.endsWith(".raw"))
          .sorted()
          .toList();
    }
  }

  @Test
  @Tag("S36")
  @Tag("S52")
  @Tag("S56")
  @Tag("S58")
  void move_onto_a_copy_that_the_next_start_uses() throws Exception {
    assertThat(disk().file()).endsWith("/disk0.qcow2");
    ready(order(COPY));
    host.done(new StartCopy(header(2), order(COPY)));
    host.done(new LimitCopy(header(2), COPY, 1 << 20));
    host.done(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
    host.restart();
    host.done(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
    assertThat(state(COPY)).isEqualTo(CopyState.PIVOTED);
    assertThat(disk().file()).endsWith("/disk0cc0ffee00.qcow2");
    assertThat(disk().node()).contains("disk0-cc0ffee00");
    assertThat(files()).containsExactly("disk0.qcow2", "disk0cc0ffee00.qcow2");
    host.done(new DropCopy(header(2), COPY));
    host.done(new StopServer(header(3), Duration.ZERO));
    host.done(new StartServer(header(4)));
    assertThat(disk(4).file()).endsWith("/disk0cc0ffee00.qcow2");
    assertThat(((SourceFacts) host.done(new DescribeSource(header(4)))).recipe())
        .contains("disk0cc0ffee00.qcow2");
  }

  @Test
  @Tag("S61")
  void go_to_another_storage_and_leave_the_old_file_only_if_asked() throws Exception {
    ready(named("moved", false, false));
    host.done(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
    assertThat(files()).isEmpty();
    assertThat(disk().storage()).contains("fast");
    assertThat(host.storage().resolve(TwoHosts.SERVER.toString()).resolve("moved.qcow2"))
        .isRegularFile();
    // Another host may have no such storage: there it is the instance's own.
    assertThat(((SourceFacts) host.done(new DescribeSource(header(2)))).recipe())
        .doesNotContain("fast");
    host.done(new DestroyServer(header(3)));
    assertThat(host.storage()).isEmptyDirectory();
    assertThat(host.instances()).isEmpty();
  }

  @Test
  @Tag("S57")
  @Tag("S60")
  void are_copied_to_a_point_in_time_that_is_sent_to_the_image_service() throws Exception {
    ready(order(COPY));
    assertThat(host.refused(new UploadCopy(header(2), COPY, new ImageId(COPY))).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    host.done(new EndCopy(header(2), COPY, CopyEnd.FINISH));
    host.done(new EndCopy(header(2), COPY, CopyEnd.FINISH));
    assertThat(disk().file()).endsWith("/disk0.qcow2");
    byte[] whole = Files.readAllBytes(host.instance().resolve("disk0cc0ffee00.qcow2"));
    host.done(new UploadCopy(header(2), COPY, new ImageId(COPY)));
    host.done(new UploadCopy(header(2), COPY, new ImageId(COPY)));
    assertThat(hosts.content(new ImageId(COPY))).contains(whole);
    host.done(new RemoveCopy(header(2), COPY));
    host.done(new RemoveCopy(header(2), COPY));
    assertThat(files()).containsExactly("disk0.qcow2");
  }

  private static CopyOrder exported(String target) {
    return CopyOrder.to(NbdExport.parse(target), COPY, "disk0", 0);
  }

  @Test
  @Tag("S3")
  void are_copied_to_a_foreign_export_and_stay_where_they_are() throws Exception {
    long bytes = disk().virtualBytes();
    world.serve("127.0.0.1", 10_809, "v", bytes);
    CopyOrder order = exported("nbd:127.0.0.1:10809:exportname=v");
    host.done(new CheckCopy(header(2), order));
    host.done(new StartCopy(header(2), order));
    host.restart();
    host.done(new StartCopy(header(2), order));
    assertThat(state(COPY)).isIn(CopyState.RUNNING, CopyState.READY);
    // Dropping one is no pivot, whatever the recipe names.
    host.done(new DropCopy(header(2), COPY));
    assertThat(state(COPY)).isEqualTo(CopyState.ABSENT);
    ready(order);
    assertThat(host.refused(new EndCopy(header(2), COPY, CopyEnd.PIVOT)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    host.restart();
    host.done(new EndCopy(header(2), COPY, CopyEnd.FINISH));
    host.done(new EndCopy(header(2), COPY, CopyEnd.FINISH));
    assertThat(((CopyReport) host.done(new AskCopy(header(2), COPY))).file()).isEmpty();
    assertThat(host.refused(new UploadCopy(header(2), COPY, new ImageId(COPY))).message())
        .contains("nbd://127.0.0.1:10809/v");
    assertThat(disk().file()).endsWith("/disk0.qcow2");
    assertThat(files()).containsExactly("disk0.qcow2");

    host.done(new StopServer(header(3), Duration.ZERO));
    CopyOrder stopped =
        CopyOrder.to(NbdExport.parse("nbd://127.0.0.1/v"), UUID.randomUUID(), "disk0", 0);
    host.done(new StartCopy(header(3), stopped));
    host.done(new EndCopy(header(3), stopped.id(), CopyEnd.FINISH));
    host.done(new StartServer(header(4)));
    assertThat(files()).containsExactly("disk0.qcow2");
  }

  @Test
  @Tag("S3")
  @Tag("S41")
  void are_copied_to_no_export_that_is_not_listed_too_small_away_or_a_volume() throws Exception {
    long bytes = disk().virtualBytes();
    world.serve("10.0.0.1", 10_809, "v", bytes);
    Failure unlisted = host.refused(new CheckCopy(header(2), exported("nbd://10.0.0.1/v")));
    assertThat(unlisted.code()).isEqualTo(ErrorCode.VOLUME_UNACCEPTABLE);
    assertThat(unlisted.message()).contains("tern.agent.copy-targets").contains("10.0.0.1");
    assertThat(host.refused(new StartCopy(header(2), exported("nbd://10.0.0.1/v"))))
        .isEqualTo(unlisted);
    assertThat(host.refused(new CheckCopy(header(2), exported("nbd://backup/v"))))
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.VOLUME_UNREACHABLE))
        .satisfies(failure -> assertThat(failure.message()).contains("nbd://backup:10809/v"));
    world.serve("backup", 10_809, "v", bytes - 512);
    assertThat(host.refused(new CheckCopy(header(2), exported("nbd://backup/v"))).message())
        .contains("%d bytes and the disk has %d".formatted(bytes - 512, bytes));
    world.serve("backup", 10_809, "v", bytes + 512);
    host.done(new CheckCopy(header(2), exported("nbd://backup/v")));
    host.done(
        new AttachVolume(
            header(2), new VolumeRef(UUID.randomUUID(), new VolumeAddress("backup", 10_809, "v"))));
    assertThat(host.refused(new StartCopy(header(2), exported("nbd://backup/v"))).code())
        .isEqualTo(ErrorCode.VOLUME_IN_USE);
    assertThat(state(COPY)).isEqualTo(CopyState.ABSENT);
    // As an agent that knows no exports reads it.
    CopyOrder old =
        new CopyOrder(
            COPY,
            "disk0",
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.of(CopyOrder.EXPORTED),
            false,
            false,
            true,
            0);
    assertThat(host.refused(new CheckCopy(header(2), old)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(files()).containsExactly("disk0.qcow2");
  }

  @Test
  @Tag("S43")
  void leave_nothing_of_a_copy_that_is_dropped() throws Exception {
    host.done(new StartCopy(header(2), order(COPY)));
    host.restart();
    host.done(new DropCopy(header(2), COPY));
    host.done(new DropCopy(header(2), COPY));
    assertThat(state(COPY)).isEqualTo(CopyState.ABSENT);
    assertThat(files()).containsExactly("disk0.qcow2");
    assertThat(host.refused(new EndCopy(header(2), COPY, CopyEnd.PIVOT)).code())
        .isEqualTo(ErrorCode.DISK_COPY_NOT_FOUND);
  }

  @Test
  @Tag("S54")
  void of_a_stopped_server_are_copied_and_frozen_all_the_same() throws Exception {
    host.done(new StopServer(header(2), Duration.ZERO));
    host.done(new StartCopy(header(2), order(COPY)));
    assertThat(state(COPY)).isEqualTo(CopyState.READY);
    host.done(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
    assertThat(disk().file()).endsWith("/disk0cc0ffee00.qcow2");
    assertThat(chain()).hasSize(1);
    host.done(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));
    assertThat(chain()).hasSize(2);
    host.done(new StartServer(header(3)));
  }

  @Test
  @Tag("S53")
  void of_a_stopped_server_are_copied_by_their_uppermost_layer_alone() throws Exception {
    host.done(new StopServer(header(2), Duration.ZERO));
    CopyOrder shallow =
        new CopyOrder(
            COPY,
            "disk0",
            true,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false,
            false,
            true,
            0);
    host.done(new StartCopy(header(2), shallow));
    host.done(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
    assertThat(host.instance().resolve("disk0cc0ffee00.qcow2"))
        .hasSameBinaryContentAs(host.instance().resolve("disk0.qcow2"));
    assertThat(chain()).hasSize(2);
    host.done(new StartServer(header(3)));
  }

  private List<Optional<String>> chain() {
    return ((ChainReport) host.done(new DescribeChain(header(2), "disk0")))
        .layers().stream().map(layer -> layer.sha256()).toList();
  }

  @Test
  @Tag("S50")
  @Tag("S51")
  @Tag("S147")
  void grow_a_layer_with_each_snapshot_named_by_its_content() throws Exception {
    UUID first = UUID.randomUUID();
    byte[] before = Files.readAllBytes(host.instance().resolve("disk0.qcow2"));
    DiskFrozen frozen = (DiskFrozen) host.done(new FreezeDisk(header(2), "disk0", first));
    assertThat(frozen.sha256()).isEqualTo(TwoHosts.sha256(before));
    host.restart();
    assertThat(host.done(new FreezeDisk(header(2), "disk0", first))).isEqualTo(frozen);
    host.done(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));
    assertThat(chain())
        .hasSize(4)
        .startsWith(Optional.empty())
        .contains(Optional.of(frozen.sha256()));
    assertThat(host.data.resolve("_base").resolve(frozen.sha256())).hasBinaryContent(before);
    assertThat(files()).hasSize(1);
    ChainReport report = (ChainReport) host.done(new DescribeChain(header(2), "disk0"));
    assertThat(report.layers().getFirst().compat()).contains("1.1");
    assertThat(report.layers().getLast().format()).isEqualTo("raw");
    host.done(new StopServer(header(3), Duration.ZERO));
    host.done(new StartServer(header(4)));
    assertThat(((SourceFacts) host.done(new DescribeSource(header(4)))).recipe())
        .contains(frozen.sha256());
  }

  @Test
  @Tag("S50")
  void are_not_given_up_for_a_file_that_only_has_their_name() throws Exception {
    byte[] content = Files.readAllBytes(host.instance().resolve("disk0.qcow2"));
    String sha256 = TwoHosts.sha256(content);
    Path there = host.data.resolve("_base").resolve(sha256);
    byte[] damaged = content.clone();
    damaged[damaged.length / 2] ^= 1;
    Files.write(there, damaged);

    DiskFrozen frozen =
        (DiskFrozen) host.done(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));

    assertThat(frozen.sha256()).isEqualTo(sha256);
    assertThat(there).hasBinaryContent(content);
    assertThat(there.resolveSibling(sha256 + ".wrong")).hasBinaryContent(damaged);
    assertThat(chain()).contains(Optional.of(sha256));
    assertThat(files()).hasSize(1);
  }

  @Test
  @Tag("S50")
  void share_a_layer_that_is_there_and_right() throws Exception {
    byte[] content = Files.readAllBytes(host.instance().resolve("disk0.qcow2"));
    Path there = host.data.resolve("_base").resolve(TwoHosts.sha256(content));
    Files.write(there, content);
    Object inode = Files.getAttribute(there, "unix:ino");
    host.done(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));
    assertThat(Files.getAttribute(there, "unix:ino")).isEqualTo(inode);
    assertThat(there).hasBinaryContent(content);
    assertThat(files()).hasSize(1);
  }

  @Test
  void that_cannot_be_frozen_are_as_they_were() throws Exception {
    world.failNext("copies.overlay", Kind.REFUSED);
    UUID layer = UUID.randomUUID();
    host.refused(new FreezeDisk(header(2), "disk0", layer));
    assertThat(files()).containsExactly("disk0.qcow2");
    assertThat(chain()).hasSize(2);
  }

  @Test
  void whose_snapshot_s_answer_is_lost_are_frozen_once() throws Exception {
    world.loseNextAnswer("copies.overlay");
    UUID layer = UUID.randomUUID();
    Failure unknown = host.refused(new FreezeDisk(header(2), "disk0", layer));
    // The code that asks for the question again, and takes nothing back.
    assertThat(unknown.code()).isEqualTo(ErrorCode.MIGRATION_CANCELLED);
    host.done(new FreezeDisk(header(2), "disk0", layer));
    assertThat(chain()).hasSize(3);
  }

  @Test
  void whose_guest_dies_before_its_snapshot_is_recorded_lose_nothing() throws Exception {
    world.failNext("copies.overlay", Kind.GONE);
    UUID layer = UUID.randomUUID();
    host.refused(new FreezeDisk(header(2), "disk0", layer));
    host.done(new FreezeDisk(header(2), "disk0", layer));
    assertThat(chain()).hasSize(3);
    host.done(new StartServer(header(3)));
  }

  @Test
  @Tag("S56")
  void whose_pivot_s_answer_is_lost_are_on_the_copy() throws Exception {
    ready(order(COPY));
    world.loseNextAnswer("copies.pivot");
    host.refused(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
    assertThat(state(COPY)).isEqualTo(CopyState.PIVOTED);
    host.done(new DropCopy(header(2), COPY));
    assertThat(disk().file()).endsWith("/disk0cc0ffee00.qcow2");
    host.done(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
  }

  @Test
  @Tag("S42")
  @Tag("S41")
  void are_never_copied_over_a_file_that_is_there_unless_told_so() throws Exception {
    ready(named("twice", false, false));
    host.done(new EndCopy(header(2), COPY, CopyEnd.FINISH));
    host.done(new RemoveCopy(header(2), COPY));
    Path there = host.storage().resolve(TwoHosts.SERVER.toString()).resolve("twice.qcow2");
    Files.copy(host.instance().resolve("disk0.qcow2"), there);
    assertThat(host.refused(new CheckCopy(header(2), named("twice", false, false))).code())
        .isEqualTo(ErrorCode.DISK_FILE_EXISTS);
    assertThat(host.refused(new StartCopy(header(2), named("twice", false, false))).code())
        .isEqualTo(ErrorCode.DISK_FILE_EXISTS);
    // It has a backing file: nobody vouches for what that names.
    assertThat(host.refused(new StartCopy(header(2), named("twice", false, true))))
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.IMAGE_UNACCEPTABLE))
        .satisfies(failure -> assertThat(failure.message()).contains("backing file"));
    assertThat(there).exists();
    ready(named("twice", true, false));
    host.done(new DropCopy(header(2), COPY));
    assertThat(there).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "../x", "a/b", "x.qcow2", "X", "", "a b"})
  @Tag("S130")
  void are_copied_to_no_name_that_leads_elsewhere(String name) throws Exception {
    assertThat(host.refused(new StartCopy(header(2), named(name, true, false))).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  @Test
  @Tag("S143")
  void that_are_encrypted_are_copied_and_frozen_encrypted_and_become_no_image() throws Exception {
    ServerSpec plain = spec(hosts.rawImage(1));
    host.done(new DestroyServer(header(2)));
    host.done(
        new BuildServer(
            header(2),
            new ServerSpec(
                plain.name(),
                plain.vcpus(),
                plain.memoryMib(),
                plain.rootDiskBytes(),
                "qcow2",
                plain.image(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                MoreDisks.of(true, List.of(), Optional.empty()))));
    host.done(new StartServer(header(2)));
    refusesInTheClear(order(COPY, Optional.of("raw"), false, Optional.empty()), "plaintext");
    refusesInTheClear(order(COPY, Optional.empty(), true, Optional.empty()), "passphrase");
    refusesInTheClear(
        order(COPY, Optional.empty(), false, Optional.of(CopyUse.IMAGE)), "image of it");
    assertThat(files()).containsExactly("disk0.qcow2");

    ready(order(COPY));
    host.done(new EndCopy(header(2), COPY, CopyEnd.PIVOT));
    host.done(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));
    host.done(new StopServer(header(4), Duration.ZERO));
    UUID flat = UUID.randomUUID();
    host.done(new StartCopy(header(4), order(flat)));
    host.done(new EndCopy(header(4), flat, CopyEnd.FINISH));
    for (String file : files()) {
      if (!file.equals("disk0.qcow2")) {
        byte[] header = Files.readAllBytes(host.instance().resolve(file));
        assertThat(header[35]).as("%s is encrypted with LUKS", file).isEqualTo((byte) 2);
      }
    }
    assertThat(
            Recipes.recipe(host.instance(), TwoHosts.SERVER)
                .localDisks()
                .getFirst()
                .layers()
                .getFirst()
                .encrypted())
        .isTrue();
    assertThat(host.refused(new DigestDisk(header(4), "disk0")).message()).contains("encrypted");
    host.done(new StartServer(header(5)));
  }

  private void refusesInTheClear(CopyOrder order, String why) {
    assertThat(host.refused(new CheckCopy(header(2), order)).message()).contains(why);
    assertThat(host.refused(new StartCopy(header(2), order)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  private static CopyOrder order(
      UUID id, Optional<String> format, boolean reuse, Optional<CopyUse> use) {
    return new CopyOrder(
        id, "disk0", false, Optional.empty(), Optional.empty(), format, false, reuse, true, 0, use);
  }

  private static CopyOrder resumable(UUID id, boolean overwrite) {
    return new CopyOrder(
        id,
        "disk0",
        false,
        Optional.of("fast"),
        Optional.of("backup"),
        Optional.empty(),
        overwrite,
        false,
        true,
        0,
        Optional.of(CopyUse.RESUMABLE));
  }

  private CopyReport report(long epoch, UUID id) {
    return (CopyReport) host.done(new AskCopy(header(epoch), id));
  }

  @ParameterizedTest(name = "agent restarted between all requests: {0}")
  @ValueSource(booleans = {false, true})
  @Tag("S59")
  void have_a_copy_that_goes_on_after_a_stop_and_starts_over_after_a_kill(boolean restarts)
      throws Exception {
    Path file = host.storage().resolve(TwoHosts.SERVER + "/backup.raw");
    host.done(new StartCopy(header(2), resumable(COPY, false)));
    CopyReport first = report(2, COPY);
    assertThat(first.state()).isEqualTo(CopyState.RUNNING);
    host.done(new StopServer(header(3), Duration.ZERO));
    again(restarts);
    assertThat(report(3, COPY).state()).isEqualTo(CopyState.FAILED);
    assertThat(report(3, COPY).error().orElseThrow()).contains("ask for the same copy again");
    host.done(new DropCopy(header(3), COPY, Optional.of(true)));
    assertThat(file).exists();
    UUID second = UUID.randomUUID();
    assertThat(host.refused(new CheckCopy(header(3), resumable(second, false))).message())
        .contains("start the server first");
    host.done(new StartServer(header(4)));
    again(restarts);
    host.done(new StartCopy(header(4), resumable(second, false)));
    again(restarts);
    host.done(new StartCopy(header(4), resumable(second, false)));
    assertThat(report(4, second).totalBytes()).isEqualTo(first.totalBytes() - first.copiedBytes());

    world.kill(host.instance());
    again(restarts);
    host.done(new DropCopy(header(4), second, Optional.of(true)));
    host.done(new StartServer(header(5)));
    UUID third = UUID.randomUUID();
    Failure unknown = host.refused(new CheckCopy(header(5), resumable(third, false)));
    assertThat(unknown.code()).isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(unknown.message()).contains("overwrite=true to start over");
    assertThat(host.refused(new StartCopy(header(5), resumable(third, false))).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    host.done(new StartCopy(header(5), resumable(third, true)));
    again(restarts);
    assertThat(report(5, third).totalBytes()).isEqualTo(first.totalBytes());
    assertThat(report(5, third).state()).isEqualTo(CopyState.READY);
    assertThat(host.refused(new EndCopy(header(5), third, CopyEnd.PIVOT)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    host.done(new EndCopy(header(5), third, CopyEnd.FINISH));
    again(restarts);
    assertThat(report(5, third).state()).isEqualTo(CopyState.FINISHED);
    assertThat(file).exists();
    assertThat(host.refused(new CheckCopy(header(5), resumable(COPY, false))).code())
        .isEqualTo(ErrorCode.DISK_FILE_EXISTS);
  }

  private void again(boolean restarts) throws Exception {
    if (restarts) {
      host.restart();
    }
  }

  @Test
  @Tag("S59")
  void are_copied_resumably_to_no_export() {
    world.serve("127.0.0.1", 10_809, "v", 1L << 40);
    CopyOrder order =
        new CopyOrder(
            COPY,
            "disk0",
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.of(CopyOrder.EXPORTED),
            false,
            false,
            true,
            0,
            Optional.of(CopyUse.RESUMABLE),
            Optional.of(NbdExport.parse("nbd://127.0.0.1/v")));
    Failure refused = host.refused(new StartCopy(header(2), order));
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(refused.message()).contains("is not gone on with");
    assertThat(report(2, COPY).state()).isEqualTo(CopyState.ABSENT);
  }

  @Test
  @Tag("S59")
  void leave_nothing_of_a_resumable_copy_that_is_cancelled() throws Exception {
    host.done(new StartCopy(header(2), resumable(COPY, false)));
    host.done(new DropCopy(header(2), COPY, Optional.of(false)));
    assertThat(host.storage().resolve(TwoHosts.SERVER + "/backup.raw")).doesNotExist();
    host.done(new CheckCopy(header(2), resumable(COPY, false)));
  }

  @Test
  @Tag("S130")
  void are_copied_through_no_symbolic_link() throws Exception {
    host.done(new CheckCopy(header(2), named("link", true, false)));
    Path own = host.storage().resolve(TwoHosts.SERVER.toString());
    Path victim = Files.writeString(directory.resolve("victim"), "precious");
    Files.createSymbolicLink(own.resolve("link.qcow2"), victim);
    assertThat(host.refused(new StartCopy(header(2), named("link", true, false))).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(host.refused(new StartCopy(header(2), named("link", false, true))).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(victim).hasContent("precious");
  }

  @Test
  void are_refused_by_name_when_there_are_none_such() {
    Failure unknown = host.refused(new DescribeChain(header(2), "disk7"));
    assertThat(unknown.code()).isEqualTo(ErrorCode.DISK_NOT_FOUND);
    assertThat(unknown.message()).contains("disk7").contains("disk0");
    CopyOrder nowhere =
        new CopyOrder(
            COPY,
            "disk0",
            false,
            Optional.of("slow"),
            Optional.empty(),
            Optional.empty(),
            false,
            false,
            true,
            0);
    Failure storage = host.refused(new CheckCopy(header(2), nowhere));
    assertThat(storage.code()).isEqualTo(ErrorCode.STORAGE_NOT_FOUND);
    assertThat(storage.message()).contains("fast");
  }

  @Test
  void that_QEMU_found_corrupt_are_shown_so_and_not_copied() throws Exception {
    Path file = host.instance().resolve("disk0.qcow2");
    byte[] content = Files.readAllBytes(file);
    content[79] |= 2;
    Files.write(file, content);
    ChainReport report = (ChainReport) host.done(new DescribeChain(header(2), "disk0"));
    assertThat(report.layers().getFirst().corrupt()).isTrue();
    assertThat(host.refused(new CheckCopy(header(2), order(COPY))).code())
        .isEqualTo(ErrorCode.IMAGE_UNACCEPTABLE);
  }

  @Test
  @Tag("S4")
  void are_digested_only_while_no_guest_may_write() {
    Failure running = host.refused(new DigestDisk(header(2), "disk0"));
    assertThat(running.code()).isEqualTo(ErrorCode.DISK_IN_USE);
    assertThat(running.message()).contains("Stop the server").contains("then=finish");
    host.done(new StopServer(header(2), Duration.ZERO));
    assertThat(host.ask(new DigestDisk(header(2), "disk0"))).isInstanceOf(AgentAnswer.Done.class);
  }
}
