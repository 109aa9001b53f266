package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.DiskCopies.Copy;
import dev.tern.virt.DiskCopies.Progress;
import dev.tern.virt.DiskCopies.State;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.qmp.Commands;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A copy of a disk under a writing guest")
class BlockCopiesQemuTest {
  // 128 blocks at 200 a second: each is read again and checked every 0.64 s.
  private static final String WRITER = "tern.write=200,128,0";
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final long DISK = 64L << 20;

  @TempDir Path temporary;
  private TestHost host;
  private Path instance;
  private Guest guest;

  @BeforeEach
  void aWritingGuest() throws Exception {
    host = new TestHost(temporary.resolve("a"));
    instance = host.instance("s");
    LaunchRecipe recipe = host.recipe(WRITER, 96, "qcow2");
    host.createDisks(recipe, instance);
    guest = host.driver.launch(recipe, instance, LaunchMode.RUN);
    awaitWrites(1);
  }

  @AfterEach
  void end() throws Exception {
    TestHost.end(guest);
  }

  @Test
  @Tag("S41")
  @Tag("S45")
  @Tag("S52")
  @Tag("S54")
  @Tag("S56")
  void takes_the_guest_with_it_and_the_old_file_changes_no_more() throws Exception {
    Path old = instance.resolve("disk0.qcow2");
    Path target = temporary.resolve("copy.raw");
    fill(target, DISK);
    Object inode = Files.getAttribute(target, "unix:ino");
    List<String> nodes = nodes();
    assertThat(file()).isEqualTo(old.toString());

    start(new Copy("disk0", "0a0a0a0a", target, "raw", false, 0));
    guest.copies().pivot("disk0", "0a0a0a0a", () -> {});

    assertThat(file()).isEqualTo(target.toString());
    assertThat(Files.getAttribute(target, "unix:ino")).isEqualTo(inode);
    assertThat(nodes()).hasSameSizeAs(nodes);
    String before = digest(old);
    awaitWrites(300);
    assertThat(digest(old)).isEqualTo(before);
    assertUnharmed();
    // What was in the file before is gone, also where the guest never wrote.
    guest.kill();
    try (FileChannel raw = FileChannel.open(target, StandardOpenOption.READ)) {
      ByteBuffer end = ByteBuffer.allocate(4096);
      assertThat(raw.read(end, DISK - 4096)).isEqualTo(4096);
      assertThat(end.array()).containsOnly(0);
    }
  }

  @Test
  @Tag("S43")
  @Tag("S44")
  @Tag("S45")
  @Tag("S57")
  void ends_at_a_point_in_time_and_leaves_no_node_behind() throws Exception {
    List<String> nodes = nodes();
    Path target = create("copy.qcow2");
    start(new Copy("disk0", "0b0b0b0b", target, "qcow2", false, 0));
    Progress ready = guest.copies().look("disk0", "0b0b0b0b");
    assertThat(ready.copiedBytes()).isPositive().isLessThanOrEqualTo(ready.totalBytes());

    guest.copies().finish("disk0", "0b0b0b0b");

    assertThat(nodes()).isEqualTo(nodes);
    String before = digest(target);
    awaitWrites(100);
    assertThat(digest(target)).isEqualTo(before);
    assertThat(host.driver.images().inspectUntrusted(target, "qcow2").virtualBytes())
        .isEqualTo(DISK);
    assertUnharmed();
  }

  @Test
  @Tag("S42")
  @Tag("S45")
  void is_refused_on_a_file_that_is_in_use_or_of_another_size() throws Exception {
    List<String> nodes = nodes();
    Path small = temporary.resolve("small.raw");
    fill(small, DISK / 2);
    assertThatThrownBy(() ->
            guest
                .copies()
                .start(
                    new Copy(
                        "disk0", "0c0c0c0c", instance.resolve("disk0.qcow2"), "qcow2", false, 0)))
        .hasMessageContaining("in use");
    guest.copies().start(new Copy("disk0", "0d0d0d0d", small, "raw", false, 0));
    Progress failed = await(State.FAILED, "0d0d0d0d");
    assertThat(failed.error()).hasValueSatisfying(e -> assertThat(e).contains("sizes"));
    guest.copies().drop("disk0", "0d0d0d0d");
    assertThat(nodes()).isEqualTo(nodes);
    assertUnharmed();
  }

  @Test
  @Tag("S50")
  @Tag("S53")
  void of_the_uppermost_layer_moves_little_more_than_that_layer() throws Exception {
    awaitWrites(200);
    guest.copies().overlay("disk0", "0e0e0e0e", create("one.qcow2"));
    guest.copies().overlay("disk0", "0f0f0f0f", create("two.qcow2"));
    awaitWrites(20);
    start(new Copy("disk0", "1a1a1a1a", create("three.qcow2"), "qcow2", true, 0));
    Progress ready = guest.copies().look("disk0", "1a1a1a1a");
    // 128 blocks of 4 KiB are all the guest writes, each in a cluster of 64 KiB at worst.
    assertThat(ready.copiedBytes()).isLessThanOrEqualTo(128 * 65_536L);
    guest.copies().pivot("disk0", "1a1a1a1a", () -> {});
    awaitWrites(300);
    assertUnharmed();
    assertThat(nodes())
        .contains("disk0-c0e0e0e0e", "disk0-c1a1a1a1a")
        .doesNotContain("disk0-c0f0f0f0f");
  }

  @Test
  @Tag("S61")
  void whose_agent_dies_between_deciding_and_moving_is_gone_on_with() throws Exception {
    start(new Copy("disk0", "1b1b1b1b", create("copy.qcow2"), "qcow2", false, 0));
    List<String> decided = new ArrayList<>();
    Guest first = guest;
    assertThatThrownBy(() ->
            first
                .copies()
                .pivot(
                    "disk0",
                    "1b1b1b1b",
                    () -> {
                      decided.add("first");
                      first.close();
                    }))
        .isInstanceOf(dev.tern.virt.VirtException.class);

    guest = host.driver.adopt(instance).orElseThrow();
    assertThat(guest.copies().look("disk0", "1b1b1b1b").state()).isEqualTo(State.DECIDING);
    guest.copies().pivot("disk0", "1b1b1b1b", () -> decided.add("second"));

    assertThat(decided).containsExactly("first", "second");
    assertThat(guest.copies().look("disk0", "1b1b1b1b").state()).isEqualTo(State.PIVOTED);
    awaitWrites(200);
    assertUnharmed();
  }

  @Test
  void keeps_to_its_limit_and_goes_on_faster_when_told() throws Exception {
    Path full = create("copy.qcow2");
    guest.copies().start(new Copy("disk0", "1c1c1c1c", full, "qcow2", false, 64 << 10));
    Progress slow = guest.copies().look("disk0", "1c1c1c1c");
    assertThat(slow.state()).isEqualTo(State.RUNNING);
    assertThat(slow.limit()).isEqualTo(64 << 10);
    guest.copies().limit("disk0", "1c1c1c1c", 0);
    assertThat(await(State.READY, "1c1c1c1c").limit()).isZero();
    guest.copies().drop("disk0", "1c1c1c1c");
  }

  private void start(Copy copy) throws Exception {
    guest.copies().start(copy);
    await(State.READY, copy.tag());
  }

  private Progress await(State state, String tag) throws Exception {
    until(
        "copy %s is %s".formatted(tag, state),
        SOON,
        () -> guest.copies().look("disk0", tag).state() == state);
    return guest.copies().look("disk0", tag);
  }

  private Path create(String name) throws Exception {
    Path file = temporary.resolve(name);
    host.driver.images().create(file, dev.tern.virt.DiskImages.NewImage.empty("qcow2", DISK));
    return file;
  }

  private static void fill(Path file, long bytes) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      byte[] old = new byte[1 << 20];
      java.util.Arrays.fill(old, (byte) 0x5a);
      for (long at = 0; at < bytes; at += old.length) {
        out.write(ByteBuffer.wrap(old), at);
      }
    }
  }

  private String file() throws Exception {
    return guest.copies().disks().getFirst().file();
  }

  /** As an operator with a monitor of his own would see them. */
  private List<String> nodes() throws Exception {
    return ((QemuGuest) guest)
        .session().call(new Commands.QueryNamedBlockNodes(true)).stream()
            .map(Commands.NodeState::nodeName)
            .sorted()
            .toList();
  }

  private void awaitWrites(int more) throws Exception {
    long wanted = writes() + more;
    until("the guest has written %d times".formatted(wanted), SOON, () -> writes() >= wanted);
  }

  private long writes() throws IOException {
    return TestHost.console(instance).lines().filter(line -> line.startsWith("A ")).count();
  }

  private void assertUnharmed() throws Exception {
    assertThat(TestHost.console(instance))
        .doesNotContain("LOST")
        .doesNotContain("CORRUPT")
        .doesNotContain("EIO")
        .containsOnlyOnce("R ready");
  }

  private static String digest(Path file) throws Exception {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha256)) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(sha256.digest());
  }
}
