package dev.tern.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The bytes on loopback")
class LoopbackTest {
  private static final String HEAD =
      """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
      """;

  @Test
  void are_those_received_by_lo_alone() throws Exception {
    assertThat(
            Loopback.received(
                HEAD
                    + "  eth0: 77 1 0 0 0 0 0 0 88 1 0 0 0 0 0 0\n"
                    + "    lo:4711       9    0    0    0     0          0         0 4711 9 0 0 0 0 0 0\n"))
        .isEqualTo(4711);
  }

  @Test
  void cannot_be_told_without_such_an_interface() {
    assertThatThrownBy(() -> Loopback.received(HEAD))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no loopback interface");
  }
}
