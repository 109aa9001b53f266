package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.sha256;
import static dev.tern.agent.TwoHosts.spec;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A disk that somebody looks into with qemu-nbd")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HeldDiskQemuTest {
  @TempDir Path directory;
  private TwoHosts hosts;

  @BeforeEach
  void build() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
  }

  @AfterEach
  void end() throws Exception {
    hosts.source.ask(new DestroyServer(header(100)));
    hosts.close();
  }

  @Test
  @Tag("S32")
  @Tag("S33")
  void is_not_given_to_a_guest_before_it_is_let_go() throws Exception {
    Path disk = hosts.source.instance().resolve("disk0.qcow2");
    String content = sha256(Files.readAllBytes(disk));
    Path socket = directory.resolve("nbd");
    Process nbd =
        new ProcessBuilder(
                "qemu-nbd", "--persistent", "-f", "qcow2", "-k", socket.toString(), disk.toString())
            .inheritIO()
            .start();
    try {
      until("qemu-nbd serves it", Duration.ofSeconds(20), () -> Files.exists(socket));
      Failure refused = hosts.source.refused(new StartServer(header(1)));
      assertThat(refused.message()).contains("disk0.qcow2", "another process");
      assertThat(hosts.source.runner()).isNotEqualTo(Runner.RUNNING);
    } finally {
      nbd.destroy();
      nbd.waitFor();
    }
    assertThat(sha256(Files.readAllBytes(disk))).as("nobody wrote to it").isEqualTo(content);
    hosts.source.done(new StartServer(header(1)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }
}
