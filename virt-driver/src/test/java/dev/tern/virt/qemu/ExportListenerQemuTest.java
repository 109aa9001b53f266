package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.ExportListener;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A listening socket for exports that is passed to QEMU")
class ExportListenerQemuTest {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  @TempDir Path temporary;
  private Guest guest;
  private Path socket;

  @BeforeEach
  void aQemuThatWaits() throws Exception {
    TestHost host = new TestHost(temporary.resolve("a"));
    Path instance = host.instance("s");
    LaunchRecipe recipe = host.recipe("", 80, "raw");
    host.createDisks(recipe, instance);
    guest = host.driver.launch(recipe, instance, LaunchMode.INCOMING);
    socket = instance.resolve("qmp2.sock");
  }

  @AfterEach
  void end() throws Exception {
    TestHost.end(guest);
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void is_served_on_and_leaves_the_monitor_free(String address) throws Exception {
    InetAddress here = InetAddress.ofLiteral(address);
    int port = TestHost.freePort();

    assertThat(ExportListener.start(socket, here, port, null, PATIENCE)).isTrue();

    assertThat(greeting(here, port)).isEqualTo("NBDMAGIC");
    QmpMonitor.connect(socket, new QmpDeadlines(PATIENCE, PATIENCE, PATIENCE), PATIENCE).close();
  }

  @Test
  void is_given_back_when_qemu_has_a_server_already() throws Exception {
    InetAddress here = InetAddress.getLoopbackAddress();
    assertThat(ExportListener.start(socket, here, TestHost.freePort(), null, PATIENCE)).isTrue();
    int second = TestHost.freePort();

    assertThatThrownBy(() -> ExportListener.start(socket, here, second, null, PATIENCE))
        .isInstanceOf(VirtException.class)
        .hasMessageContaining("already running");

    try (ServerSocket mine = new ServerSocket(second, 1, here)) {
      assertThat(mine.isBound()).isTrue();
    }
  }

  @Test
  void that_cannot_be_had_is_refused_with_the_port() throws Exception {
    InetAddress here = InetAddress.getLoopbackAddress();
    try (ServerSocket taken = new ServerSocket(0, 1, here)) {
      int port = taken.getLocalPort();
      assertThatThrownBy(() -> ExportListener.start(socket, here, port, null, PATIENCE))
          .isInstanceOfSatisfying(
              VirtException.class, e -> assertThat(e.kind()).isEqualTo(Kind.REFUSED))
          .hasMessageContaining("port " + port + ": bind: Address already in use");
    }
  }

  @Test
  void is_not_made_while_somebody_else_has_the_monitor() throws Exception {
    InetAddress here = InetAddress.getLoopbackAddress();
    int port = TestHost.freePort();
    try (QmpMonitor _ =
        QmpMonitor.connect(socket, new QmpDeadlines(PATIENCE, PATIENCE, PATIENCE), PATIENCE)) {
      assertThat(ExportListener.start(socket, here, port, null, Duration.ofMillis(100))).isFalse();
    }
    try (ServerSocket mine = new ServerSocket(port, 1, here)) {
      assertThat(mine.isBound()).isTrue();
    }
  }

  private static String greeting(InetAddress address, int port) throws Exception {
    try (Socket client = new Socket()) {
      client.connect(new InetSocketAddress(address, port), 5000);
      client.setSoTimeout(5000);
      return new String(client.getInputStream().readNBytes(8), StandardCharsets.US_ASCII);
    }
  }
}
