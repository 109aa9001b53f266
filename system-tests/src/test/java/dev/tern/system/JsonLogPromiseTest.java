package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.event.KeyValuePair;
import org.springframework.boot.logging.logback.StructuredLogEncoder;
import org.springframework.core.env.Environment;
import org.springframework.mock.env.MockEnvironment;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("A log line in JSON")
class JsonLogPromiseTest {
  private static final String CUSTOMIZER = "logging.structured.json.customizer";

  static Stream<String> modules() {
    return OwnSettings.MODULES.stream();
  }

  @ParameterizedTest(name = "of {0}")
  @MethodSource("modules")
  void has_its_keys_as_fields_and_the_trace_of_its_request(String module) {
    String text =
        line(
            module,
            new KeyValuePair("step", "mirror-disks"),
            new KeyValuePair("took", Duration.ofSeconds(2)),
            new KeyValuePair("server", "forged\n{}"),
            new KeyValuePair("request", "req-0123abcd-1111-4222-8333-444455556666"));

    assertThat(text).endsWith("}\n").containsOnlyOnce("\n");
    JsonNode line = JsonMapper.shared().readTree(text);
    assertThat(line.path("message").asString()).isEqualTo("step finished");
    assertThat(line.path("level").asString()).isEqualTo("INFO");
    assertThat(line.path("step").asString()).isEqualTo("mirror-disks");
    assertThat(line.path("took").asString()).isEqualTo("PT2S");
    assertThat(line.path("server").asString()).isEqualTo("forged\n{}");
    assertThat(line.path("trace").asString()).isEqualTo("0123abcd111142228333444455556666");
  }

  @ParameterizedTest(name = "of {0}")
  @MethodSource("modules")
  void has_no_trace_without_a_request(String module) {
    assertThat(line(module, new KeyValuePair("request", "-"))).doesNotContain("\"trace\"");
    assertThat(line(module)).doesNotContain("\"trace\"");
  }

  private static String line(String module, KeyValuePair... pairs) {
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new ch.qos.logback.classic.util.LogbackMDCAdapter());
    context.putObject(
        Environment.class.getName(),
        new MockEnvironment().withProperty(CUSTOMIZER, OwnSettings.of(module).require(CUSTOMIZER)));
    StructuredLogEncoder encoder = new StructuredLogEncoder();
    encoder.setContext(context);
    encoder.setFormat("logstash");
    encoder.start();
    LoggingEvent event =
        new LoggingEvent("", context.getLogger("x.Y"), Level.INFO, "step finished", null, null);
    event.setKeyValuePairs(List.of(pairs));
    return new String(encoder.encode(event), StandardCharsets.UTF_8);
  }
}
