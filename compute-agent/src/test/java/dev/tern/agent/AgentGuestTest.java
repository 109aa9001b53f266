package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.HostReport;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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

@DisplayName("A guest of an agent")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentGuestTest {
  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private TwoHosts.Host host;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    host = hosts.source;
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  private void boot() {
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    host.done(new StartServer(header(1)));
  }

  @Test
  @Tag("S115")
  void that_found_no_room_on_its_disk_goes_on_when_there_is_some() throws Exception {
    boot();
    world.fill(host.instance());
    assertThat(host.agent.report().guests()).containsEntry(TwoHosts.SERVER, Runner.PAUSED);
    assertThat(told()).contains("room");
    world.makeRoom(host.instance());
    host.agent.report();
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
  }

  private String told() {
    return ((AgentResult.GuestReport) host.done(new AskGuest(header(1)))).detail();
  }

  @Test
  void is_built_started_stopped_started_and_destroyed_without_a_trace() throws Exception {
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    assertThat(host.runner()).isEqualTo(Runner.STOPPED);
    host.done(new StartServer(header(1)));
    host.done(new StopServer(header(2), Duration.ofSeconds(5)));
    assertThat(host.runner()).isEqualTo(Runner.STOPPED);
    host.done(new StartServer(header(3)));
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
    host.done(new DestroyServer(header(4)));
    host.done(new DestroyServer(header(4)));
    assertThat(host.runner()).isEqualTo(Runner.ABSENT);
    assertThat(world.running()).isEmpty();
    assertThat(host.instances()).isEmpty();
    assertThat(host.data.resolve("trash")).isEmptyDirectory();
  }

  @Test
  void lives_in_a_private_directory_over_a_read_only_base() throws Exception {
    boot();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(host.instance())))
        .isEqualTo("rwx------");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(host.instance().resolve("journal"))))
        .isEqualTo("rw-------");
    try (var bases = Files.list(host.data.resolve("_base"))) {
      assertThat(bases.toList())
          .singleElement()
          .satisfies(base ->
              assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(base)))
                  .isEqualTo("r--------"));
    }
  }

  @Test
  void gets_memory_that_tcg_before_QEMU_9_does_not_forget() {
    boot();
    SourceFacts facts = (SourceFacts) host.done(new DescribeSource(header(1)));
    assertThat(facts.recipe()).contains("\"memoryKib\":" + (64 * 1024 + 8));
    assertThat(facts.memoryMib()).isEqualTo(64);
    assertThat(facts.virtualBytes()).isEqualTo(8 << 20);
  }

  @Test
  @Tag("S145")
  void shares_its_base_with_others_and_fetches_it_once() {
    boot();
    boot();
    host.done(new DestroyServer(header(2)));
    boot();
    assertThat(hosts.fetches).hasValue(1);
  }

  @Test
  void whose_process_ends_by_itself_is_stopped_and_can_be_started_again() throws Exception {
    boot();
    world.kill(host.instance());
    HostReport report = host.agent.report();
    assertThat(report.guests()).isEqualTo(Map.of(SERVER, Runner.STOPPED));
    host.restart();
    assertThat(host.runner()).isEqualTo(Runner.STOPPED);
    host.done(new StartServer(header(2)));
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void runs_on_while_its_agent_is_away_and_is_adopted() throws Exception {
    boot();
    host.agent.close();
    assertThat(world.running()).containsExactly(host.instance());
    host.agent = host.open();
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
    host.done(new StopServer(header(2), Duration.ZERO));
    assertThat(world.running()).isEmpty();
  }

  @Test
  void that_ended_while_its_agent_was_away_is_found_stopped_and_not_started() throws Exception {
    boot();
    host.agent.close();
    world.kill(host.instance());
    host.agent = host.open();
    assertThat(host.runner()).isEqualTo(Runner.STOPPED);
    assertThat(world.running()).isEmpty();
  }

  @Test
  void that_cannot_be_started_is_stopped_and_the_reason_told() throws Exception {
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    world.failNext("launch", Kind.REFUSED);
    assertThat(host.refused(new StartServer(header(1))).message()).contains("Injected: launch");
    assertThat(host.runner()).isEqualTo(Runner.STOPPED);
    host.done(new StartServer(header(1)));
  }

  @Test
  void whose_start_lost_its_answer_runs_once() throws Exception {
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    world.loseNextAnswer("launch");
    host.ask(new StartServer(header(1)));
    host.restart();
    assertThat(world.running()).hasSize(1);
    assertThat(host.runner()).isIn(Runner.RUNNING, Runner.STOPPED);
    host.ask(new StartServer(header(1)));
    assertThat(world.violations()).isEmpty();
  }

  @Test
  void that_was_never_here_is_absent_and_harmless_to_stop_and_destroy() {
    assertThat(host.runner()).isEqualTo(Runner.ABSENT);
    host.done(new StopServer(header(1), Duration.ZERO));
    host.done(new DestroyServer(header(1)));
    assertThat(host.refused(new StartServer(header(1))).code()).isEqualTo(ErrorCode.GUEST_ABSENT);
    assertThat(host.refused(new AwaitArrival(header(1))).code()).isEqualTo(ErrorCode.GUEST_ABSENT);
  }

  @Test
  void whose_image_is_not_what_it_is_said_to_be_is_not_built() throws Exception {
    ImageRef honest = hosts.rawImage(1);
    byte[] overlay = qcow2WithBackingFile();
    for (Map.Entry<ImageRef, ErrorCode> hostile :
        Map.of(
                new ImageRef(honest.id(), "0".repeat(64), "raw", honest.sizeBytes()),
                ErrorCode.IMAGE_UNACCEPTABLE,
                new ImageRef(honest.id(), honest.sha256(), "raw", honest.sizeBytes() - 1),
                ErrorCode.IMAGE_UNACCEPTABLE,
                new ImageRef(honest.id(), honest.sha256(), "raw", honest.sizeBytes() + 1),
                ErrorCode.IMAGE_UNACCEPTABLE,
                new ImageRef(honest.id(), honest.sha256(), "qcow2", honest.sizeBytes()),
                ErrorCode.IMAGE_UNACCEPTABLE,
                new ImageRef(honest.id(), "../../../../etc/passwd", "raw", 1),
                ErrorCode.INVALID_INPUT,
                new ImageRef(new ImageId(UUID.randomUUID()), "1".repeat(64), "raw", 1),
                ErrorCode.IMAGE_NOT_FOUND,
                hosts.image("qcow2", overlay),
                ErrorCode.IMAGE_UNACCEPTABLE,
                hosts.image("raw", java.util.Arrays.copyOf(overlay, overlay.length + 512)),
                ErrorCode.IMAGE_UNACCEPTABLE)
            .entrySet()) {
      assertThat(host.refused(new BuildServer(header(1), spec(hostile.getKey()))).code())
          .as("%s", hostile.getKey())
          .isEqualTo(hostile.getValue());
      assertThat(host.instances()).isEmpty();
    }
    try (var bases = Files.list(host.data.resolve("_base"))) {
      assertThat(bases.filter(p -> p.toString().endsWith(".fetching"))).isEmpty();
    }
  }

  private static byte[] qcow2WithBackingFile() {
    java.nio.ByteBuffer header = java.nio.ByteBuffer.allocate(512);
    header.putInt(0, 0x514649fb).putInt(4, 3).putLong(8, 112).putInt(16, 11);
    header.putInt(20, 16).putLong(24, 1 << 20).putInt(100, 104);
    header.put(112, "/etc/passwd".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return header.array();
  }

  @Test
  void that_no_machine_can_have_is_refused() {
    ImageRef image = hosts.rawImage(1);
    ServerSpec good = spec(image);
    for (ServerSpec bad :
        List.of(
            changed(good, 0, 64, "qcow2"),
            changed(good, 1, 0, "qcow2"),
            changed(good, 1, Long.MAX_VALUE, "qcow2"),
            changed(good, 1, 64, "vmdk"))) {
      assertThat(host.refused(new BuildServer(header(1), bad)).code())
          .isEqualTo(ErrorCode.INVALID_INPUT);
    }
  }

  private static ServerSpec changed(ServerSpec spec, int vcpus, long memoryMib, String format) {
    return new ServerSpec(
        spec.name(),
        vcpus,
        memoryMib,
        spec.rootDiskBytes(),
        format,
        spec.image(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false);
  }

  @Test
  void on_a_full_disk_is_not_built_and_leaves_nothing() throws Exception {
    host.figures.diskFree = 1L << 30;
    assertThat(host.refused(new BuildServer(header(1), spec(hosts.rawImage(1)))).code())
        .isEqualTo(ErrorCode.HOST_DISK_FULL);
    assertThat(host.instances()).isEmpty();
  }

  @Test
  void with_a_raw_disk_has_the_image_at_its_beginning() throws Exception {
    ImageRef image = hosts.rawImage(1);
    host.done(new BuildServer(header(1), changed(spec(image), 1, 64, "raw")));
    byte[] disk = Files.readAllBytes(host.instance().resolve("disk0.raw"));
    assertThat(disk).hasSize(8 << 20);
    assertThat(TwoHosts.sha256(java.util.Arrays.copyOf(disk, (int) image.sizeBytes())))
        .isEqualTo(image.sha256());
  }

  @Test
  void whose_journal_is_damaged_is_left_alone_and_reported() throws Exception {
    boot();
    host.agent.close();
    Path journal = host.instance().resolve("journal");
    byte[] bytes = Files.readAllBytes(journal);
    bytes[25] ^= 1;
    Files.write(journal, bytes);
    host.agent = host.open();
    assertThat(host.runner()).isEqualTo(Runner.UNKNOWN);
    assertThat(host.refused(new StartServer(header(2))).message()).contains("damaged");
    assertThat(host.refused(new DestroyServer(header(2))).message()).contains("damaged");
    assertThat(world.running()).hasSize(1);
  }

  @Test
  void in_a_directory_that_is_a_symbolic_link_is_not_touched() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve("precious"), "kept");
    Files.createSymbolicLink(host.instance(), elsewhere);
    host.ask(new BuildServer(header(1), spec(hosts.rawImage(1))));
    host.ask(new DestroyServer(header(1)));
    assertThat(elsewhere.resolve("precious")).hasContent("kept");
  }

  @Test
  @Tag("S16")
  void is_in_the_hands_of_one_agent_only() {
    assertThatThrownBy(() -> host.open())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another agent");
  }

  @Test
  void whose_making_was_cut_off_is_made_anew() throws Exception {
    Files.createDirectory(host.instance());
    Files.writeString(host.instance().resolve(Instance.HOST), host.name + "\n");
    Files.writeString(host.instance().resolve("disk0.qcow2"), "half");
    host.restart();
    assertThat(host.instances()).isEmpty();
    boot();
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  @Tag("S7")
  void is_seen_in_its_hosts_report_beside_real_figures() throws Exception {
    boot();
    HostReport first = host.agent.report();
    HostReport second = host.agent.report();
    assertThat(second.sequence()).isGreaterThan(first.sequence());
    assertThat(first.guests()).isEqualTo(Map.of(SERVER, Runner.RUNNING));
    assertThat(first.memoryMib()).isEqualTo(8192 - 512);
    assertThat(first.diskFreeBytes()).isEqualTo(99L << 30);
    assertThat(first.hypervisorVersion()).isEqualTo(7_002_022);
    assertThat(new LinuxFigures(directory).memoryMib()).isPositive();
    assertThat(new LinuxFigures(directory).memoryAvailableMib()).isPositive();
    assertThat(new LinuxFigures(directory).uptime()).startsWith("up ");
  }
}
