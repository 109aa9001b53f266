package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.DiskCopies.Copy;
import dev.tern.virt.DiskCopies.Export;
import dev.tern.virt.DiskCopies.Progress;
import dev.tern.virt.DiskCopies.State;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Tool;
import dev.tern.virt.qmp.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A copy of a writing guest's disk to a foreign NBD server")
class ExportCopiesQemuTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final int DISK = 64 << 20;
  private static final int BEHIND = 1 << 20;
  private static final String NAME = "pool/a b,c\"}=ä";

  @TempDir Path temporary;
  private Path file;
  private Path instance;
  private TestHost host;
  private LaunchRecipe recipe;
  private Guest guest;
  private int port;
  private NbdVolume server;

  @BeforeEach
  void boot() throws Exception {
    host =
        new TestHost(
            temporary.resolve("a"),
            false,
            QemuSettings.Deadlines.usual().withOutage(Duration.ofSeconds(1)));
    instance = host.instance("s");
    recipe = host.recipe("tern.write=200,128,0", 96, "qcow2");
    host.createDisks(recipe, instance);
    file = temporary.resolve("export.raw");
    byte[] old = new byte[DISK + BEHIND];
    Arrays.fill(old, (byte) 0x5a);
    Files.write(file, old);
    port = TestHost.freePort();
    server = NbdVolume.serve(file, 0, port, NAME);
    guest = host.driver.launch(recipe, instance, LaunchMode.RUN);
    awaitWrites(100);
  }

  @AfterEach
  void end() throws Exception {
    TestHost.end(guest);
    server.die();
  }

  private Copy copy(String tag, long bytesPerSecond) {
    return new Copy("disk0", tag, new Export("127.0.0.1", port, NAME), false, bytesPerSecond);
  }

  @Test
  @Tag("S3")
  @Tag("S43")
  @Tag("S45")
  void fails_with_its_server_leaves_nothing_and_is_whole_when_begun_again() throws Exception {
    List<String> nodes = nodes();
    guest.copies().start(copy("0a0a0a0a", 8 << 20));
    assertThat(guest.copies().look("disk0", "0a0a0a0a").state()).isIn(State.RUNNING, State.READY);
    server.die();
    until(
        "the copy has failed",
        SOON,
        () -> guest.copies().look("disk0", "0a0a0a0a").state() == State.FAILED);
    Progress failed = guest.copies().look("disk0", "0a0a0a0a");
    assertThat(failed.error()).hasValueSatisfying(e -> assertThat(e).contains("rror"));
    guest.copies().drop("disk0", "0a0a0a0a");
    assertThat(nodes()).isEqualTo(nodes);
    assertThatThrownBy(() -> guest.copies().start(copy("0b0b0b0b", 0)))
        .hasMessageContaining("cannot be reached");
    assertThat(nodes()).isEqualTo(nodes);

    server = NbdVolume.serve(file, 0, port, NAME, "--read-only");
    assertThatThrownBy(() -> guest.copies().start(copy("0c0c0c0c", 0)))
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(VirtException.Kind.REFUSED));
    assertThat(nodes()).isEqualTo(nodes);
    server.end();

    server = NbdVolume.serve(file, 0, port, NAME);
    guest.copies().start(copy("0d0d0d0d", 0));
    awaitReady("0d0d0d0d");
    assertThatThrownBy(() -> guest.copies().pivot("disk0", "0d0d0d0d", () -> {}))
        .hasMessageContaining("export");
    awaitWrites(50);
    ((QemuGuest) guest).session().call(new Commands.Stop());
    guest.copies().finish("disk0", "0d0d0d0d");
    assertThat(nodes()).isEqualTo(nodes);
    until("nobody is connected", SOON, () -> server.connections() == 0);
    assertCopied();
    guest.cont();
    awaitWrites(20);
    assertUnharmed();
  }

  @Test
  @Tag("S3")
  void is_given_up_at_once_also_when_its_server_is_silent() throws Exception {
    List<String> nodes = nodes();
    guest.copies().start(copy("0e0e0e0e", 1 << 20));
    server.fallSilent();
    long begun = System.nanoTime();
    guest.copies().drop("disk0", "0e0e0e0e");
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    assertThat(nodes()).isEqualTo(nodes);
    awaitWrites(50);
    assertUnharmed();
    server.die();

    // Without its guest the disk is copied by a tool of its own.
    guest.kill();
    server = NbdVolume.serve(file, 0, port, NAME);
    var disk = recipe.localDisks().getFirst();
    host.driver
        .images()
        .flatten(
            disk.in(instance),
            RecipeFiles.expected(disk, host.bases),
            new Export("127.0.0.1", port, NAME),
            DISK);
    assertCopied();
    server.die();
    assertThatThrownBy(() ->
            host.driver
                .images()
                .flatten(
                    disk.in(instance),
                    RecipeFiles.expected(disk, host.bases),
                    new Export("127.0.0.1", port, NAME),
                    DISK))
        .hasMessageContaining("refused");
  }

  /** Every byte of the disk, zeroes too, and none behind it. */
  private void assertCopied() throws Exception {
    Path copied = temporary.resolve("copied.raw");
    byte[] all = Files.readAllBytes(file);
    assertThat(Arrays.copyOfRange(all, DISK, all.length)).containsOnly(0x5a);
    Files.write(copied, Arrays.copyOf(all, DISK));
    Tool.run(
        List.of(
            "qemu-img",
            "compare",
            "-U",
            "-f",
            "qcow2",
            "-F",
            "raw",
            instance.resolve("disk0.qcow2").toString(),
            copied.toString()),
        temporary,
        SOON);
  }

  private void awaitReady(String tag) throws Exception {
    until(
        "copy %s is ready".formatted(tag),
        SOON,
        () -> guest.copies().look("disk0", tag).state() == State.READY);
  }

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

  private long writes() throws Exception {
    return TestHost.console(instance).lines().filter(line -> line.startsWith("A ")).count();
  }

  private void assertUnharmed() throws Exception {
    assertThat(TestHost.console(instance))
        .doesNotContain("LOST")
        .doesNotContain("CORRUPT")
        .doesNotContain("EIO")
        .containsOnlyOnce("R ready");
  }
}
