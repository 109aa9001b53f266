package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.virt.testing.Until.until;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AskCopy;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckCopy;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.AgentRequest.CopyUse;
import dev.tern.contract.agent.AgentRequest.DescribeChain;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DigestDisk;
import dev.tern.contract.agent.AgentRequest.DropCopy;
import dev.tern.contract.agent.AgentRequest.EndCopy;
import dev.tern.contract.agent.AgentRequest.FreezeDisk;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartCopy;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.UploadCopy;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ChainReport;
import dev.tern.contract.agent.AgentResult.CopyReport;
import dev.tern.contract.agent.AgentResult.CopyState;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskDigest;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.LayerFacts;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The disk of an agent's writing guest")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentDisksQemuTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final long DISK = 16 << 20;

  /** Where the guest's 256 blocks are. */
  private static final int WRITTEN = 2 << 20;

  @TempDir Path directory;
  private TwoHosts hosts;
  private TwoHosts.Host host;
  private boolean restarts;

  @BeforeEach
  void boot() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
    host = hosts.source;
    byte[] disk = new byte[8 << 20];
    // Behind the blocks the guest writes.
    new java.util.Random(59).nextBytes(disk);
    java.util.Arrays.fill(disk, 0, disk.length / 2, (byte) 0);
    host.done(
        new BuildServer(
            header(1),
            new ServerSpec(
                "guest",
                1,
                96,
                DISK,
                "qcow2",
                hosts.image("raw", disk),
                Optional.of(hosts.image("raw", guestFile("vmlinux"))),
                Optional.of(hosts.image("raw", guestFile("initrd.gz"))),
                Optional.of(
                    "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                        + " tern.write=100,256,0"),
                false)));
    host.done(new StartServer(header(1)));
    awaitWrites(20);
  }

  @AfterEach
  void leaveNoProcess() throws Exception {
    host.ask(new DestroyServer(header(100)));
    assertThat(host.storage()).isEmptyDirectory();
    hosts.close();
  }

  private AgentResult ask(AgentRequest request) throws Exception {
    AgentResult result = host.done(request);
    if (restarts) {
      host.restart();
    }
    return result;
  }

  @ParameterizedTest(name = "agent restarted between all requests: {0}")
  @ValueSource(booleans = {false, true})
  @Tag("S50")
  @Tag("S51")
  @Tag("S54")
  @Tag("S56")
  @Tag("S58")
  @Tag("S4")
  void moves_to_another_storage_gets_layers_and_loses_nothing(boolean restarted) throws Exception {
    restarts = restarted;
    UUID copy = UUID.randomUUID();
    ready(order(copy, "moved"));
    ask(new EndCopy(header(2), copy, CopyEnd.PIVOT));
    assertThat(disk().storage()).contains("fast");
    assertThat(disk().node()).isPresent();
    awaitWrites(20);
    ask(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));
    awaitWrites(20);
    ask(new FreezeDisk(header(2), "disk0", UUID.randomUUID()));
    awaitWrites(300);

    List<LayerFacts> layers = ((ChainReport) ask(new DescribeChain(header(2), "disk0"))).layers();
    assertThat(layers).hasSize(3);
    for (LayerFacts layer : layers.subList(1, 3)) {
      assertThat(Digests.sha256(Path.of(layer.file()))).isEqualTo(layer.sha256().orElseThrow());
      assertThat(layer.compat()).contains("1.1");
    }
    assertThat(host.refused(new DigestDisk(header(2), "disk0")).code())
        .isEqualTo(ErrorCode.DISK_IN_USE);
    ask(new StopServer(header(3), Duration.ofSeconds(20)));
    long last = lastWrite();
    DiskDigest before = (DiskDigest) host.done(new DigestDisk(header(3), "disk0"));
    assertThat(before.bytes()).isEqualTo(DISK);
    // Flattened without its guest it reads the same.
    UUID flat = UUID.randomUUID();
    ask(new StartCopy(header(3), order(flat, "flat")));
    ask(new EndCopy(header(3), flat, CopyEnd.PIVOT));
    assertThat(((ChainReport) ask(new DescribeChain(header(3), "disk0"))).layers()).hasSize(1);
    assertThat(((DiskDigest) host.done(new DigestDisk(header(3), "disk0"))).sha256())
        .isEqualTo(before.sha256());
    ask(new StartServer(header(4)));
    awaitWrites(300);
    assertThat(console())
        .anyMatch(line -> line.matches("R disk .* next " + (last + 1) + "( .*)?"))
        .noneMatch(line -> line.startsWith("R LOST") || line.startsWith("R CORRUPT"));
  }

  @Test
  @Tag("S57")
  @Tag("S60")
  void is_sent_to_the_image_service_as_it_is_at_one_moment_and_never_stops() throws Exception {
    UUID copy = UUID.randomUUID();
    ready(order(copy, "image"));
    awaitWrites(50);
    ask(new EndCopy(header(2), copy, CopyEnd.FINISH));
    long before = lastWrite();
    ask(new UploadCopy(header(2), copy, new ImageId(copy)));
    awaitWrites(50);
    assertThat(lastWrite()).isGreaterThan(before);
    Path sent =
        Files.write(
            directory.resolve("sent.qcow2"), hosts.content(new ImageId(copy)).orElseThrow());
    assertThat(
            new QemuDriver(QemuSettings.defaults(directory))
                .images()
                .inspectUntrusted(sent, "qcow2")
                .virtualBytes())
        .isEqualTo(DISK);
    assertThat(disk().file()).endsWith("/disk0.qcow2");
  }

  @Test
  @Tag("S59")
  @Tag("N1")
  void has_a_copy_that_the_next_QEMU_goes_on_with_unless_the_one_before_was_killed()
      throws Exception {
    Path file = host.storage().resolve(TwoHosts.SERVER + "/backup.raw");
    UUID first = UUID.randomUUID();
    host.done(new StartCopy(header(2), resumable(first, false, 4 << 20)));
    long half = awaitCopied(2, first, DISK / 2);
    assertThat(half).isLessThan(DISK);
    host.done(new StopServer(header(3), Duration.ofSeconds(20)));
    assertThat(((CopyReport) host.done(new AskCopy(header(3), first))).state())
        .isEqualTo(CopyState.FAILED);
    host.done(new DropCopy(header(3), first, Optional.of(true)));
    host.restart();

    host.done(new StartServer(header(4)));
    awaitWrites(20);
    UUID second = UUID.randomUUID();
    host.done(new StartCopy(header(4), resumable(second, false, 0)));
    CopyReport rest = awaitEnd(4, second);
    assertThat(rest.totalBytes()).isPositive().isLessThanOrEqualTo(DISK - half + WRITTEN);
    assertThat(rest.copiedBytes()).isEqualTo(rest.totalBytes());
    host.done(new EndCopy(header(4), second, CopyEnd.FINISH));
    assertIsTheDisk(file);

    UUID third = UUID.randomUUID();
    host.done(new StartCopy(header(4), resumable(third, true, 4 << 20)));
    awaitCopied(4, third, DISK / 4);
    kill();
    host.done(new DropCopy(header(4), third, Optional.of(true)));
    host.done(new StartServer(header(5)));
    UUID fourth = UUID.randomUUID();
    assertThat(host.refused(new CheckCopy(header(5), resumable(fourth, false, 0))).message())
        .contains("overwrite=true to start over");
    host.done(new StartCopy(header(5), resumable(fourth, true, 4 << 20)));
    CopyReport over = (CopyReport) host.done(new AskCopy(header(5), fourth));
    assertThat(over.totalBytes()).isEqualTo(DISK);
    host.done(new DropCopy(header(5), fourth));
    assertThat(file).doesNotExist();
    host.done(new StopServer(header(6), Duration.ZERO));
    assertThat(info(host.instance().resolve("disk0.qcow2"))).doesNotContain("tern-");
  }

  private long awaitCopied(long epoch, UUID copy, long bytes) throws Exception {
    CopyReport[] now = new CopyReport[1];
    until(
        bytes + " bytes are copied",
        LONG,
        () -> {
          now[0] = (CopyReport) host.done(new AskCopy(header(epoch), copy));
          assertThat(now[0].state()).as("%s", now[0]).isEqualTo(CopyState.RUNNING);
          return now[0].copiedBytes() >= bytes;
        });
    return now[0].copiedBytes();
  }

  private CopyReport awaitEnd(long epoch, UUID copy) throws Exception {
    CopyReport[] now = new CopyReport[1];
    CopyReport[] seen = new CopyReport[1];
    until(
        "all is copied",
        LONG,
        () -> {
          now[0] = (CopyReport) host.done(new AskCopy(header(epoch), copy));
          if (now[0].totalBytes() > 0) {
            seen[0] = now[0];
          }
          return now[0].state() == CopyState.READY;
        });
    return seen[0];
  }

  /** Outside of what its guest goes on writing, as an operator would compare them. */
  private void assertIsTheDisk(Path copy) throws Exception {
    Path flat = directory.resolve("flat.raw");
    run(
        "qemu-img",
        "convert",
        "-U",
        "-O",
        "raw",
        host.instance().resolve("disk0.qcow2").toString(),
        flat.toString());
    byte[] disk = Files.readAllBytes(flat);
    byte[] copied = Files.readAllBytes(copy);
    assertThat(copied).hasSize(disk.length);
    assertThat(
            java.util.Arrays.mismatch(
                java.util.Arrays.copyOfRange(copied, WRITTEN, copied.length),
                java.util.Arrays.copyOfRange(disk, WRITTEN, disk.length)))
        .isEqualTo(-1);
    assertThat(new String(copied, 0, WRITTEN, ISO_8859_1)).contains("TERNBLK1");
  }

  private void kill() throws Exception {
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      String line = process.info().commandLine().orElse("");
      if (line.contains("qemu-system") && line.contains(host.instance().toString())) {
        process.destroyForcibly();
        process.onExit().get(10, java.util.concurrent.TimeUnit.SECONDS);
      }
    }
  }

  private static String info(Path file) throws Exception {
    return run("qemu-img", "info", file.toString());
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private static CopyOrder resumable(UUID id, boolean overwrite, long bytesPerSecond) {
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
        bytesPerSecond,
        Optional.of(CopyUse.RESUMABLE));
  }

  @Test
  @Tag("S41")
  @Tag("S42")
  void is_copied_to_no_file_of_another_size_format_or_that_is_open() throws Exception {
    Path own = Files.createDirectories(host.storage().resolve(TwoHosts.SERVER.toString()));
    try (RandomAccessFile small = new RandomAccessFile(own.resolve("small.raw").toFile(), "rw")) {
      small.setLength(DISK / 2);
    }
    assertThat(host.refused(new CheckCopy(header(2), reused("small", "raw"))).message())
        .contains("a reused file has the disk's size");
    Files.write(own.resolve("wrong.qcow2"), new byte[4096]);
    assertThat(host.refused(new CheckCopy(header(2), reused("wrong", "qcow2"))).code())
        .isEqualTo(ErrorCode.IMAGE_UNACCEPTABLE);
    Path busy = own.resolve("busy.raw");
    try (RandomAccessFile right = new RandomAccessFile(busy.toFile(), "rw")) {
      right.setLength(DISK);
    }
    Process holder =
        new ProcessBuilder("qemu-io", "-f", "raw", busy.toString())
            .redirectErrorStream(true)
            .start();
    try {
      awaitLocked(busy);
      assertThat(host.refused(new StartCopy(header(2), reused("busy", "raw"))).code())
          .isEqualTo(ErrorCode.DISK_BUSY);
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertThat(busy).exists();
    CopyOrder again = reused("busy", "raw");
    Object inode = Files.getAttribute(busy, "unix:ino");
    ready(again);
    ask(new EndCopy(header(2), again.id(), CopyEnd.FINISH));
    assertThat(Files.getAttribute(busy, "unix:ino")).isEqualTo(inode);
  }

  /** By the lock table of the kernel, which is where the image lock is. */
  private static void awaitLocked(Path file) throws Exception {
    String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
    until(
        file + " is locked", LONG, () -> Files.readString(Path.of("/proc/locks")).contains(inode));
  }

  private static CopyOrder order(UUID id, String name) {
    return new CopyOrder(
        id,
        "disk0",
        false,
        Optional.of("fast"),
        Optional.of(name),
        Optional.of("qcow2"),
        false,
        false,
        true,
        0);
  }

  private static CopyOrder reused(String name, String format) {
    return new CopyOrder(
        UUID.randomUUID(),
        "disk0",
        false,
        Optional.of("fast"),
        Optional.of(name),
        Optional.of(format),
        false,
        true,
        true,
        0);
  }

  private void ready(CopyOrder order) throws Exception {
    ask(new StartCopy(header(2), order));
    until(
        "the copy is ready",
        LONG,
        () -> {
          CopyReport now = (CopyReport) ask(new AskCopy(header(2), order.id()));
          assertThat(now.state()).as("%s", now).isIn(CopyState.RUNNING, CopyState.READY);
          return now.state() == CopyState.READY;
        });
  }

  private Disk disk() throws Exception {
    return ((DiskReport) ask(new DescribeDisks(header(2)))).disks().getFirst();
  }

  private List<String> console() throws Exception {
    Path log = host.instance().resolve("console.log");
    return Files.exists(log) ? Files.readString(log, ISO_8859_1).lines().toList() : List.of();
  }

  private List<String> writes() throws Exception {
    return console().stream().filter(line -> line.startsWith("A ")).toList();
  }

  private long lastWrite() throws Exception {
    return Long.parseLong(writes().getLast().split(" ")[1]);
  }

  private void awaitWrites(int more) throws Exception {
    int wanted = writes().size() + more;
    until(wanted + " writes", LONG, () -> writes().size() >= wanted);
  }

  private static byte[] guestFile(String name) throws Exception {
    String given = System.getenv().getOrDefault("TERN_GUEST_DIR", "");
    Path guests =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    return Files.readAllBytes(guests.resolve(name));
  }
}
