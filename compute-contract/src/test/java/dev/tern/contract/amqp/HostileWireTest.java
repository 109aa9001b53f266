package dev.tern.contract.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.testing.Mutations;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayName("A message of any bytes")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostileWireTest {
  private static final List<Samples.Sample> SAMPLES =
      Stream.concat(Samples.all(true), Samples.all(false)).toList();

  /**
   * What a listener does with it depends on this: anything but that one exception would put the
   * message back, to come again for ever.
   */
  @Test
  void is_read_or_refused_with_its_reason() {
    Mutations.of(
        SAMPLES.stream().map(HostileWireTest::bytes).toList(),
        8_000,
        (input, _) -> {
          for (Class<?> kind : Samples.KINDS) {
            read(kind, input);
          }
        });
  }

  private static void read(Class<?> kind, byte[] input) {
    try {
      Object message = Wire.read(kind, input);
      assertThat(message).isInstanceOf(kind);
    } catch (MalformedMessageException e) {
      assertThat(e.reason()).isNotNull();
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  private static byte[] bytes(Samples.Sample sample) {
    return write(sample.kind(), sample.message());
  }

  private static <T> byte[] write(Class<T> kind, Object message) {
    return Wire.write(kind, kind.cast(message));
  }
}
