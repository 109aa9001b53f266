package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest that is to arrive")
class IncomingQemuTest {
  @TempDir Path temporary;

  @Test
  @Tag("S46")
  void waits_paused_and_listens_only_when_all_is_set() throws Exception {
    TestHost there = new TestHost(temporary);
    LaunchRecipe recipe = there.recipe("", 96, "qcow2");
    Path instance = there.instance("s");
    there.createDisks(recipe, instance);
    Guest waiting = there.driver.launch(recipe, instance, LaunchMode.INCOMING);
    try {
      assertThat(waiting.runState()).isEqualTo(RunState.INCOMING);
      IncomingRequest request =
          new IncomingRequest(
              "127.0.0.1",
              TestHost.freePort(),
              TestHost.freePort(),
              Map.of("disk0", "export-0001"),
              MoveOptions.PLAIN,
              Optional.of(new StreamKey("move-1", new byte[StreamKey.SECRET_BYTES])),
              true);

      Path inTheWay = Files.createDirectories(instance.resolve("tls-server/other"));
      assertThatThrownBy(() -> waiting.openIncoming(request))
          .isInstanceOfSatisfying(
              VirtException.class, e -> assertThat(e.kind()).isEqualTo(VirtException.Kind.REFUSED));
      Files.delete(inTheWay);
      assertThat(accepts(request.nbdPort())).isFalse();
      assertThat(accepts(request.migrationPort())).isFalse();
      assertThat(waiting.opened()).isEmpty();

      IncomingEndpoints to = waiting.openIncoming(request);
      assertThat(to.migrationPort()).isEqualTo(request.migrationPort());
      assertThat(accepts(to.nbdPort())).isTrue();
      assertThat(accepts(to.migrationPort())).isTrue();
      assertThat(waiting.runState()).isEqualTo(RunState.INCOMING);
      assertThatThrownBy(waiting::cont).isInstanceOf(VirtException.class);
    } finally {
      TestHost.end(waiting);
    }
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException _) {
      return false;
    }
  }
}
