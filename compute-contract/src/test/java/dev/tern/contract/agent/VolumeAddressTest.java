package dev.tern.contract.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A volume's address")
class VolumeAddressTest {
  @ParameterizedTest
  @Tag("S34")
  @CsvSource({
    "nbd://storage/v, nbd://storage:10809/v",
    "NBD://Storage.Example:10810/pool/vol-1, nbd://storage.example:10810/pool/vol-1",
    "nbd://[2001:DB8::7]:9/v, nbd://[2001:db8::7]:9/v",
    "nbd://10.0.0.1/, nbd://10.0.0.1:10809/"
  })
  void has_one_form(String given, String form) {
    VolumeAddress address = VolumeAddress.parse(given);
    assertThat(address.uri()).isEqualTo(form);
    assertThat(VolumeAddress.parse(form)).isEqualTo(address);
  }

  @ParameterizedTest
  @Tag("S34")
  @ValueSource(
      strings = {
        "",
        "/etc/passwd",
        "file:///etc/passwd",
        "nbd+unix:///v?socket=/run/qmp",
        "nbds://storage/v",
        "nbd:storage:10809",
        "nbd://storage",
        "nbd:///v",
        "nbd://user@storage/v",
        "nbd://storage/v?tls-creds=x",
        "nbd://storage/v#f",
        "nbd://storage/%2e",
        "nbd://storage/a,b",
        "nbd://storage/a b",
        "nbd://storage/a\"}",
        "nbd://storage/a\n",
        "nbd://storage:0/v",
        "nbd://storage:65536/v",
        "nbd://storage:123456/v",
        "nbd://-storage/v",
        "nbd://[storage]/v",
        "nbd://2001:db8::7/v",
        "nbd://0.0.0.0/v",
        "nbd://0/v",
        "nbd://[::]/v",
        "nbd://239.1.2.3/v",
        "nbd://[ff02::1]/v"
      })
  void is_nothing_else(String hostile) {
    assertThatIllegalArgumentException().isThrownBy(() -> VolumeAddress.parse(hostile));
  }

  @Test
  @Tag("S34")
  void has_an_end() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> VolumeAddress.parse("nbd://storage/" + "a".repeat(256)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> VolumeAddress.parse("nbd://" + "a".repeat(254) + "/v"));
  }

  @ParameterizedTest
  @Tag("S23")
  @ValueSource(
      strings = {"localhost", "127.0.0.1", "127.1", "::1", "0:0:0:0:0:0:0:1", "a.localhost"})
  void that_is_loopback_is_known_for_it(String host) {
    assertThat(new VolumeAddress(host, 1, "v").loopback()).isTrue();
    assertThat(new VolumeAddress("127.example", 1, "v").loopback()).isFalse();
  }

  @Test
  @Tag("S34")
  void names_a_disk_that_a_recipe_may_have() {
    UUID id = UUID.fromString("01234567-89ab-4cde-8fff-0123456789ab");
    assertThat(new VolumeRef(id, new VolumeAddress("storage", 1, "v")).disk())
        .isEqualTo("vol" + "f0123456789ab")
        .matches("[a-z][a-z0-9]{0,15}");
  }
}
