package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A monitor's socket")
class MonitorSocketsTest {
  @TempDir Path folder;

  @ParameterizedTest(name = "path of {0} bytes")
  @ValueSource(ints = {105, 106, 107, 108, 109, 150})
  void can_be_connected_to_however_deep_its_instance_is(int bytes) throws Exception {
    int rest = bytes - folder.toString().length() - "//".length() - MonitorSockets.FIRST.length();
    Path instance = Files.createDirectory(folder.resolve("i".repeat(rest)));
    Path runtime = Files.createDirectory(folder.resolve("r"));
    assertThat(instance.resolve(MonitorSockets.FIRST).toString()).hasSize(bytes);
    try (MonitorSockets sockets = MonitorSockets.of(instance, runtime);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      UnixDomainSocketAddress address = UnixDomainSocketAddress.of(sockets.first());
      server.bind(address);
      SocketChannel.open(address).close();
      assertThat(instance.resolve(MonitorSockets.FIRST)).exists();
    }
    try (Stream<Path> left = Files.list(runtime)) {
      assertThat(left).isEmpty();
    }
  }
}
