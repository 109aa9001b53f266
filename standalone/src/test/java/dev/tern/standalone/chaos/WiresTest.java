package dev.tern.standalone.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A wire")
class WiresTest {
  private static final int SECOND = 1000;

  @Test
  void that_is_cut_is_closed_at_both_ends() throws Exception {
    try (ServerSocketChannel listening = listen();
        SocketChannel here = connect(listening);
        SocketChannel there = listening.accept()) {
      List<Wires.Wire> wires = wires(port(listening));
      assertThat(wires).hasSize(3);
      Wires.cut(wires.stream().filter(wire -> !wire.listens()).findFirst().orElseThrow());
      assertThat(here.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      assertThat(there.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @Test
  void that_is_dead_carries_nothing_and_goes_on_when_it_is_released() throws Exception {
    try (ServerSocketChannel listening = listen();
        SocketChannel here = connect(listening);
        SocketChannel there = listening.accept()) {
      for (Wires.Wire wire : wires(port(listening))) {
        Wires.swallow(wire);
      }
      here.write(ByteBuffer.wrap("late".getBytes(UTF_8)));
      there.socket().setSoTimeout(SECOND);
      assertThatThrownBy(() -> there.socket().getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
      assertThatThrownBy(
              () -> {
                try (SocketChannel another = SocketChannel.open(StandardProtocolFamily.INET)) {
                  another.socket().connect(listening.getLocalAddress(), SECOND);
                }
              })
          .isInstanceOf(SocketTimeoutException.class);
      for (Wires.Wire wire : wires(port(listening))) {
        Wires.release(wire);
        Wires.release(wire);
      }
      there.socket().setSoTimeout(0);
      assertThat(new String(Channels.newInputStream(there).readNBytes(4), UTF_8)).isEqualTo("late");
    }
  }

  @Test
  void that_has_gone_needs_nothing_done() throws Exception {
    List<Wires.Wire> gone;
    try (ServerSocketChannel listening = listen()) {
      gone = wires(port(listening));
    }
    assertThat(gone).hasSize(1);
    Wires.cut(gone.getFirst());
  }

  private static ServerSocketChannel listen() throws Exception {
    return ServerSocketChannel.open(StandardProtocolFamily.INET)
        .bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0));
  }

  private static SocketChannel connect(ServerSocketChannel to) throws Exception {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET);
    channel.connect(to.getLocalAddress());
    return channel;
  }

  private static int port(ServerSocketChannel of) throws Exception {
    return ((InetSocketAddress) of.getLocalAddress()).getPort();
  }

  private static List<Wires.Wire> wires(int port) throws Exception {
    return Wires.of(
        Stream.of(ProcessHandle.current()),
        wire -> wire.localPort() == port || wire.remotePort() == port);
  }
}
