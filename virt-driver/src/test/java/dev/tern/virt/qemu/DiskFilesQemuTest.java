package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A file that is to be a guest's disk")
class DiskFilesQemuTest {
  @TempDir Path temporary;
  private TwoDiskHosts hosts;

  @BeforeEach
  void twoHosts() throws Exception {
    hosts = new TwoDiskHosts(temporary);
  }

  @AfterEach
  void endAll() throws Exception {
    hosts.end();
  }

  // ---- refusals

  @Test
  @Tag("S41")
  @Tag("S42")
  void is_refused_when_a_file_is_not_what_its_recipe_says() throws Exception {
    LocalDisk disk =
        new LocalDisk("disk0", "disk0.qcow2", "qcow2", TwoDiskHosts.DISK, List.of(), false);
    LaunchRecipe recipe = hosts.withDisks(disk);
    Path instance = hosts.here.instance("s");
    hosts.here.createDisks(recipe, instance);
    Path file = instance.resolve("disk0.qcow2");
    assertThatThrownBy(() -> hosts.here.createDisks(recipe, instance))
        .hasMessageContaining("cannot be created");

    LaunchRecipe larger =
        recipe.withDisks(
            List.of(
                new LocalDisk(
                    "disk0", "disk0.qcow2", "qcow2", 2 * TwoDiskHosts.DISK, List.of(), false)));
    assertRefused(
        () -> hosts.launch(hosts.here, larger, instance, LaunchMode.INCOMING), "its recipe says");

    LaunchRecipe raw =
        recipe.withDisks(
            List.of(
                new LocalDisk("disk0", "disk0.qcow2", "raw", TwoDiskHosts.DISK, List.of(), false)));
    assertRefused(
        () -> hosts.launch(hosts.here, raw, instance, LaunchMode.INCOMING), "its recipe says");

    Path foreign = temporary.resolve("foreign.raw");
    Files.write(foreign, new byte[TwoDiskHosts.MIB]);
    TwoDiskHosts.run(
        "qemu-img",
        "rebase",
        "-u",
        "-f",
        "qcow2",
        "-F",
        "raw",
        "-b",
        foreign.toString(),
        file.toString());
    assertRefused(
        () -> hosts.launch(hosts.here, recipe, instance, LaunchMode.RUN), "has a backing file");
    Files.delete(file);

    hosts.here.createDisks(recipe, instance);
    Process holder = hold(file);
    assertRefused(() -> hosts.launch(hosts.here, recipe, instance, LaunchMode.RUN), "lock");
    holder.destroy();
    holder.waitFor();

    corrupt(file);
    assertRefused(() -> hosts.launch(hosts.here, recipe, instance, LaunchMode.RUN), "corrupt");
    assertThat(hosts.here.driver.adopt(instance)).isEmpty();
  }

  private static Process hold(Path file) throws Exception {
    Path socket = file.resolveSibling("holder.sock");
    Process holder =
        new ProcessBuilder(
                "qemu-nbd",
                "--format=qcow2",
                "--persistent",
                "-k",
                socket.toString(),
                file.toString())
            .inheritIO()
            .start();
    until("qemu-nbd holds the file", Duration.ofSeconds(10), () -> Files.exists(socket));
    return holder;
  }

  private static void corrupt(Path qcow2) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(qcow2.toFile(), "rw")) {
      file.seek(79);
      file.write(2);
    }
  }

  static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(VirtException.Kind.REFUSED))
        .hasMessageContaining(words);
  }
}
