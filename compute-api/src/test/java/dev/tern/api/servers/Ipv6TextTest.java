package dev.tern.api.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("An IPv6 address")
class Ipv6TextTest {
  @ParameterizedTest
  @CsvSource({
    "0000:0000:0000:0000:0000:babe:220.12.22.2, ::babe:dc0c:1602",
    "2001:DB8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
    "fe80::1, fe80::1",
    "1:2:3:4:5:6:7:0, 1:2:3:4:5:6:7:0",
    "1:0:0:0:0:0:0:0, 1::",
    "::, ::",
    "::1, ::1"
  })
  void has_one_form(String text, String form) {
    assertThat(Ipv6Text.of(text)).contains(form);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "1.2.3.4",
        "example.com",
        "::ffff:1.2.3.4",
        "1:2",
        "::1%lo",
        "[::1]",
        ":::"
      })
  void is_not_everything(String text) {
    assertThat(Ipv6Text.of(text)).isEmpty();
  }

  @RepeatedTest(200)
  void is_the_same_address_in_its_form() throws Exception {
    byte[] bytes = new byte[16];
    Random random = new Random();
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (random.nextInt(3) == 0 ? random.nextInt(256) : 0);
    }
    bytes[0] = 1; // none of IPv4's
    InetAddress address = InetAddress.getByAddress(bytes);
    String form = Ipv6Text.of(address.getHostAddress()).orElseThrow();
    assertThat(InetAddress.ofLiteral(form)).isEqualTo(address);
    assertThat(Ipv6Text.of(form)).contains(form);
  }
}
