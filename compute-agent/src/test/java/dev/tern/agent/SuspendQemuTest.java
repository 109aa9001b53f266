package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.ResumeServer;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.SuspendServer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A suspended guest of QEMU")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SuspendQemuTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final int MIB = 1 << 20;

  @TempDir Path directory;
  private TwoHosts hosts;
  private TwoHosts.Host host;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
    host = hosts.source;
  }

  @AfterEach
  void leaveNoProcess() throws Exception {
    host.ask(new DestroyServer(header(100)));
    hosts.close();
  }

  @Test
  void goes_on_where_it_was_with_disk_and_memory_and_is_restored_once() throws Exception {
    boot();
    assertThat(told(new SuspendServer(header(2)))).isEqualTo(Runner.SUSPENDED);
    List<String> before = heartbeats();
    Path file = host.instance().resolve("memory-2");
    assertThat(Files.size(file)).isGreaterThan(8L * MIB);
    host.restart();
    assertThat(host.runner()).isEqualTo(Runner.SUSPENDED);
    assertThat(heartbeats()).isEqualTo(before);
    byte[] used = Files.readAllBytes(file);

    assertThat(told(new ResumeServer(header(3)))).isEqualTo(Runner.RUNNING);
    until("it goes on", LONG, () -> heartbeats().size() > before.size() + 20);
    assertThat(file).doesNotExist();
    List<Integer> numbers =
        heartbeats().stream().map(line -> Integer.valueOf(line.split(" ")[1])).toList();
    for (int i = 1; i < numbers.size(); i++) {
      assertThat(numbers.get(i)).isEqualTo(numbers.get(i - 1) + 1); // neither lost nor again
    }
    assertThat(console()).filteredOn(line -> line.startsWith("R ready")).hasSize(1);
    assertThat(console()).noneMatch(line -> line.matches("R (EIO|LOST|BADMEM).*"));

    Files.write(file, used);
    host.done(new StopServer(header(4), Duration.ZERO));
    assertThat(told(new ResumeServer(header(5)))).isEqualTo(Runner.STOPPED);
    host.restart();
    assertThat(file).doesNotExist();
  }

  private Runner told(AgentRequest request) {
    return ((GuestReport) host.done(request)).runner();
  }

  private void boot() throws Exception {
    byte[] disk = new byte[MIB];
    disk[0] = 1;
    host.done(
        new BuildServer(
            header(1),
            new ServerSpec(
                "guest",
                1,
                96,
                64 * MIB,
                "qcow2",
                hosts.image("raw", disk),
                Optional.of(hosts.image("raw", guestFile("vmlinux"))),
                Optional.of(hosts.image("raw", guestFile("initrd.gz"))),
                Optional.of(
                    "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                        + " tern.write=20,512,0 tern.mem=8,4"),
                false)));
    host.done(new StartServer(header(1)));
    until("it writes", LONG, () -> heartbeats().size() > 20);
  }

  private static byte[] guestFile(String name) throws IOException {
    String given = System.getenv().getOrDefault("TERN_GUEST_DIR", "");
    Path guest =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    return Files.readAllBytes(guest.resolve(name));
  }

  private List<String> console() throws IOException {
    return List.of(Files.readString(host.instance().resolve("console.log")).split("\r?\n"));
  }

  /** What it wrote and was told to be on its disk, by number. */
  private List<String> heartbeats() throws IOException {
    List<String> whole = new java.util.ArrayList<>(console());
    whole.removeLast(); // may still be being written
    return whole.stream().filter(line -> line.startsWith("A ")).toList();
  }
}
