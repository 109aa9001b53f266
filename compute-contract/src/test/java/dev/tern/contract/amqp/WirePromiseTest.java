package dev.tern.contract.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A changed golden file is a changed protocol: processes of the former release stop understanding
 * it. Run with {@code TERN_GOLDEN=write} in the environment to write the files of new messages.
 */
@DisplayName("Every message")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WirePromiseTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final JsonMapper PRETTY =
      JsonMapper.builder()
          .enable(
              SerializationFeature.INDENT_OUTPUT, SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  static Stream<Samples.Sample> everyMessage() {
    return Samples.all(true);
  }

  static Stream<Samples.Sample> everyMessageWithoutItsOptionals() {
    return Samples.all(false);
  }

  @ParameterizedTest
  @MethodSource("everyMessage")
  void looks_as_its_golden_file_says(Samples.Sample sample) throws Exception {
    String now = new String(write(sample), UTF_8);
    Path file = GOLDEN.resolve(sample.name() + ".json");
    if ("write".equals(System.getenv("TERN_GOLDEN")) && !Files.exists(file)) {
      Files.createDirectories(GOLDEN);
      Files.writeString(file, PRETTY.writeValueAsString(PRETTY.readTree(now)) + "\n");
    }
    assertThat(file).as("golden file of a message").exists();
    assertThat(PRETTY.readTree(now)).isEqualTo(PRETTY.readTree(Files.readString(file)));
  }

  @ParameterizedTest
  @MethodSource("everyMessage")
  void is_read_back_from_its_golden_file(Samples.Sample sample) throws Exception {
    byte[] golden = Files.readAllBytes(GOLDEN.resolve(sample.name() + ".json"));
    assertThat((Object) Wire.read(sample.kind(), golden)).isEqualTo(sample.message());
  }

  @ParameterizedTest
  @MethodSource("everyMessageWithoutItsOptionals")
  void survives_the_round_trip_without_optionals(Samples.Sample sample) throws Exception {
    assertThat((Object) Wire.read(sample.kind(), write(sample))).isEqualTo(sample.message());
  }

  @Test
  void has_a_golden_file_and_no_golden_file_is_left_over() throws IOException {
    List<String> named = everyMessage().map(s -> s.name() + ".json").sorted().toList();
    try (Stream<Path> files = Files.list(GOLDEN)) {
      assertThat(files.map(f -> f.getFileName().toString()).sorted().toList()).isEqualTo(named);
    }
  }

  private static byte[] write(Samples.Sample sample) {
    return cast(sample.kind(), sample.message());
  }

  private static <T> byte[] cast(Class<T> kind, Object message) {
    return Wire.write(kind, kind.cast(message));
  }
}
