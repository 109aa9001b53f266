package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.DiskImages.Layer;
import dev.tern.virt.Pauses;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Tool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The export of a disk no guest runs from")
@Tag("S5")
class DiskExportQemuTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final int BYTES = 4 << 20;
  private static final StreamKey KEY = new StreamKey("export-1", new byte[StreamKey.SECRET_BYTES]);

  @TempDir Path temporary;
  private Path base;
  private Path disk;
  private Path folder;
  private Expected expected;
  private int port;

  @BeforeEach
  void aDiskOnALayerThatItsHeaderDoesNotName() throws Exception {
    base = temporary.resolve("base.raw");
    byte[] content = new byte[BYTES];
    new java.util.Random(7).nextBytes(content);
    Files.write(base, content);
    disk = temporary.resolve("disk.qcow2");
    run("qemu-img", "create", "-q", "-f", "qcow2", disk.toString(), Integer.toString(BYTES));
    expected = new Expected("qcow2", false, List.of(new Layer(base, "raw", false)));
    folder = Files.createDirectory(temporary.resolve("export"));
    port = TestHost.freePort();
  }

  private static void run(String... command) throws Exception {
    var _ = Tool.run(List.of(command), Path.of("/"), SOON);
  }

  private DiskExport open() throws Exception {
    return DiskExport.open(
        new DiskExport.Wish(disk, expected, "web.disk0", port, KEY), folder, Pauses.real());
  }

  private void read(Path to, String... credentials) throws Exception {
    List<String> command = new ArrayList<>(List.of("qemu-img", "convert", "-O", "raw"));
    command.addAll(List.of(credentials));
    command.add("--image-opts");
    command.add(
        "driver=nbd,host=127.0.0.1,port=%d,export=web.disk0%s"
            .formatted(port, credentials.length == 0 ? "" : ",tls-creds=tls0"));
    command.add(to.toString());
    run(command.toArray(String[]::new));
  }

  @Test
  void is_read_by_who_has_the_key_alone_and_leaves_nothing() throws Exception {
    Path copy = temporary.resolve("copy.raw");
    Path keys;
    try (DiskExport export = open()) {
      keys = export.keyFile();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys)))
          .isEqualTo("rw-------");
      read(copy, "--object", DiskExport.clientObject(keys, KEY));
      assertThat(copy).hasSameBinaryContentAs(base);

      assertThatThrownBy(() -> read(temporary.resolve("plain"))).isInstanceOf(VirtException.class);
      Path wrong = Files.createDirectory(temporary.resolve("wrong")).resolve("keys.psk");
      Files.writeString(wrong, "export-1:" + "ab".repeat(StreamKey.SECRET_BYTES) + "\n");
      assertThatThrownBy(() ->
              read(temporary.resolve("wronged"), "--object", DiskExport.clientObject(wrong, KEY)))
          .isInstanceOf(VirtException.class);
      // Nobody writes through it.
      assertThatThrownBy(() ->
              run(
                  "qemu-io",
                  "--object",
                  DiskExport.clientObject(keys, KEY),
                  "--image-opts",
                  "-c",
                  "write 0 512",
                  "driver=nbd,host=127.0.0.1,port=%d,export=web.disk0,tls-creds=tls0"
                      .formatted(port)))
          .isInstanceOf(VirtException.class);
      read(copy, "--object", DiskExport.clientObject(keys, KEY));
      assertThat(copy).hasSameBinaryContentAs(base);
    }
    assertNothingLeft();
    try (ServerSocket free = new ServerSocket()) {
      free.setReuseAddress(true);
      free.bind(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }
  }

  @Test
  void is_refused_for_what_cannot_be_shown_or_is_in_use() throws Exception {
    try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertThat(taken.isBound()).isTrue();
      assertRefused("in use", this::open);
    }
    Process holder =
        new ProcessBuilder("qemu-io", "-f", "qcow2", disk.toString())
            .redirectErrorStream(true)
            .start();
    try {
      String inode = ":" + Files.getAttribute(disk, "unix:ino") + " ";
      until("it is locked", SOON, () -> Files.readString(Path.of("/proc/locks")).contains(inode));
      assertRefused("lock", this::open);
    } finally {
      holder.destroyForcibly().waitFor();
    }
    Path other = temporary.resolve("other.raw");
    Files.copy(base, other);
    run(
        "qemu-img",
        "rebase",
        "-q",
        "-u",
        "-f",
        "qcow2",
        "-F",
        "raw",
        "-b",
        other.toString(),
        disk.toString());
    assertRefused("backing file is not the recorded layer", this::open);
    expected = Expected.plain("qcow2");
    assertRefused("backing file", this::open);
    run("qemu-img", "rebase", "-q", "-u", "-f", "qcow2", "-b", "", disk.toString());
    corrupt();
    assertRefused("corrupt", this::open);
    Files.delete(disk);
    assertRefused("not a regular file", this::open);
  }

  /** The bit QEMU sets when it finds an image inconsistent. */
  private void corrupt() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.seek(79);
      int features = file.read();
      file.seek(79);
      file.write(features | 2);
    }
  }

  private void assertRefused(String why, ThrowingCallable opening) throws Exception {
    assertThatThrownBy(opening)
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(VirtException.Kind.REFUSED))
        .hasMessageContaining(why);
    assertNothingLeft();
    Files.createDirectory(folder);
  }

  private void assertNothingLeft() throws Exception {
    assertThat(folder).doesNotExist();
    assertThat(
            ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(line -> line.contains("qemu-nbd") && line.contains("--port=" + port)))
        .isEmpty();
  }
}
