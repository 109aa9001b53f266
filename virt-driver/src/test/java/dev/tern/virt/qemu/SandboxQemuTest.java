package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest's QEMU")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SandboxQemuTest {
  @TempDir Path temporary;
  private TestHost host;

  @BeforeEach
  void oneHost() throws Exception {
    host = new TestHost(temporary.resolve("a"));
  }

  @Test
  void is_locked_in_and_in_a_session_of_its_own() throws Exception {
    Guest guest = launch(host.driver);
    try {
      long pid = guest.pid();
      assertThat(filters(pid)).isEqualTo(filters(ProcessHandle.current().pid()) + 1);
      assertThat(Files.readString(Path.of("/proc/%d/cmdline".formatted(pid))))
          .contains("elevateprivileges=deny,spawn=deny");
      String[] stat = Files.readString(Path.of("/proc/%d/stat".formatted(pid))).split("[)] ");
      assertThat(Long.parseLong(stat[stat.length - 1].split(" ")[3])).as("session").isEqualTo(pid);
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(host.instance("s").resolve("qmp1.sock"))))
          .endsWith("------");
    } finally {
      TestHost.end(guest);
    }
  }

  @Test
  void is_not_locked_in_when_the_settings_say_so() throws Exception {
    Guest guest = launch(new QemuDriver(settings("qemu-system-x86_64", false)));
    try {
      assertThat(filters(guest.pid())).isEqualTo(filters(ProcessHandle.current().pid()));
    } finally {
      TestHost.end(guest);
    }
  }

  @Test
  void that_was_built_without_seccomp_is_refused_and_the_setting_named() throws Exception {
    Path qemu = temporary.resolve("qemu-without-seccomp");
    // What such a build does: see QEMU_OPTION_sandbox in QEMU's system/vl.c.
    Files.writeString(
        qemu,
        """
        #!/bin/sh
        for word in "$@"; do
          if [ "$word" = -sandbox ]; then
            echo "qemu: -sandbox support is not enabled in this QEMU binary" >&2; exit 1
          fi
        done
        exec qemu-system-x86_64 "$@"
        """);
    Files.setPosixFilePermissions(qemu, PosixFilePermissions.fromString("rwx------"));
    assertThatThrownBy(() -> new QemuDriver(settings(qemu.toString(), true)).capabilities())
        .isInstanceOf(VirtException.class)
        .hasMessageContaining("switch the setting sandbox off");
    assertThat(new QemuDriver(settings(qemu.toString(), false)).capabilities().defaultMachineType())
        .startsWith("pc-q35");
  }

  @Test
  void that_is_not_installed_is_refused_with_what_to_install() {
    assertThatThrownBy(() -> new QemuDriver(settings("no-such-qemu", true)).capabilities())
        .isInstanceOf(VirtException.class)
        .hasMessage(
            "no-such-qemu cannot be run: install it (Debian: qemu-system-x86 and qemu-utils).");
  }

  private Guest launch(QemuDriver driver) throws Exception {
    LaunchRecipe recipe = host.recipe("", 96, "qcow2");
    host.createDisks(recipe, host.instance("s"));
    return driver.launch(recipe, host.instance("s"), LaunchMode.RUN);
  }

  private QemuSettings settings(String qemu, boolean sandbox) {
    return new QemuSettings(
        qemu,
        "qemu-img",
        "qemu-storage-daemon",
        host.bases,
        host.directory.resolve("secrets"),
        Path.of(System.getProperty("java.io.tmpdir")),
        "tcg",
        sandbox,
        false,
        QemuSettings.Deadlines.usual());
  }

  /** How many seccomp filters a process has: a test may itself run under some. */
  private static int filters(long pid) throws IOException {
    List<String> status = Files.readAllLines(Path.of("/proc/%d/status".formatted(pid)));
    return status.stream()
        .filter(line -> line.startsWith("Seccomp_filters:"))
        .map(line -> Integer.parseInt(line.split("\\s+")[1]))
        .findFirst()
        .orElseThrow();
  }
}
