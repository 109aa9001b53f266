package dev.tern.virt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A stream's key")
class StreamKeyTest {
  private static final byte[] SECRET = secret();

  private static byte[] secret() {
    byte[] secret = new byte[StreamKey.SECRET_BYTES];
    Arrays.fill(secret, (byte) 0xab);
    return secret;
  }

  @Test
  void never_shows_its_secret() {
    String shown =
        new Guest.MemoryTarget(
                "127.0.0.1", 1, java.util.Optional.of(new StreamKey("move-1", SECRET)), true)
            .toString();
    assertThat(shown).contains("move-1").doesNotContain(HexFormat.of().formatHex(SECRET));
    assertThat(shown).doesNotContain(Arrays.toString(SECRET));
  }

  @Test
  void keeps_its_secret_to_itself() {
    byte[] given = SECRET.clone();
    StreamKey key = new StreamKey("move-1", given);
    given[0] = 0;
    key.secret()[0] = 0;
    assertThat(key).isEqualTo(new StreamKey("move-1", SECRET));
    assertThat(key).isNotEqualTo(new StreamKey("move-1", given));
    assertThat(key).isNotEqualTo(new StreamKey("move-2", SECRET));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a b", "a:b", "a\nb", "../a", "ä"})
  void has_a_name_that_no_file_or_command_takes_for_something_else(String identity) {
    assertThatThrownBy(() -> new StreamKey(identity, SECRET))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 16, 31, 33})
  void has_32_bytes_of_secret(int length) {
    assertThatThrownBy(() -> new StreamKey("move-1", new byte[length]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
