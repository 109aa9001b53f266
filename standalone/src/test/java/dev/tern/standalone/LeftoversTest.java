package dev.tern.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What a form that was killed left")
class LeftoversTest {
  @TempDir Path folder;

  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endAll() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void is_ended_and_removed_by_the_next_demo_a_held_service_and_a_guest_too() throws Exception {
    Leftovers.clear(folder);
    Path instance = Files.createDirectories(folder.resolve("hosts/host-1/instances/x"));
    Files.writeString(instance.resolve("disk0.qcow2"), "a demo's");
    Files.writeString(folder.resolve("report.json"), "not state");
    Process service = start("read line; :", "service", "agent", "--of", folder.toString());
    Process guest = start("read line; :", "qemu-system-x86_64", instance.toString());
    Process other = start("read line; :", "service", "agent", "--of", folder + "-2");
    new ProcessBuilder("kill", "-STOP", Long.toString(service.pid())).start().waitFor();

    Leftovers.clear(folder);

    assertThat(service.waitFor(5, TimeUnit.SECONDS)).isTrue();
    assertThat(guest.waitFor(5, TimeUnit.SECONDS)).isTrue();
    assertThat(other.isAlive()).isTrue();
    assertThat(folder.resolve("hosts")).doesNotExist();
    assertThat(folder.resolve("report.json")).exists();
  }

  @Test
  void of_up_is_left_as_it_is() throws Exception {
    Path disk = Files.createDirectories(folder.resolve("hosts/host-1")).resolve("disk0.qcow2");
    Files.writeString(disk, "somebody's");

    Leftovers.clear(folder);
    Leftovers.clear(folder);

    assertThat(disk).hasContent("somebody's");
  }

  @Test
  void of_a_demo_is_left_as_it_is_when_up_has_used_it_since() throws Exception {
    Leftovers.clear(folder);
    Path disk = Files.createDirectories(folder.resolve("hosts/host-1")).resolve("disk0.qcow2");
    Files.writeString(disk, "somebody's");

    Leftovers.keep(folder);
    Leftovers.clear(folder);

    assertThat(disk).hasContent("somebody's");
  }

  @Test
  void is_not_looked_for_where_a_form_runs() throws Exception {
    Leftovers.clear(folder);
    Files.createDirectories(folder.resolve("hosts"));
    try (FileChannel _ = Leftovers.lock(folder)) {
      assertThatThrownBy(() -> Leftovers.clear(folder))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("already runs");
    }
    assertThat(folder.resolve("hosts")).exists();
  }

  @Test
  void ends_by_itself_when_its_form_is_gone() throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Tern.class.getName(),
            "service",
            "scheduler",
            "--of",
            folder.toString());
    Process service =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("out").toFile())
            .start();
    started.add(service);
    service.getOutputStream().close();
    assertThat(service.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(service.exitValue()).as(Files.readString(folder.resolve("out"))).isZero();
  }

  private Process start(String script, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("bash", "-c", script));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).start();
    started.add(process);
    return process;
  }
}
