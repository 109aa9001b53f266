package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.event.KeyValuePair;

/** What the code adds to a line as keys would otherwise be lost without a word. */
@DisplayName("A log line")
class LogPatternPromiseTest {
  static Stream<Arguments> patterns() {
    return OwnSettings.MODULES.stream()
        .flatMap(module ->
            Stream.of("logging.pattern.console", "logging.pattern.file")
                .map(key -> Arguments.of(module, key)));
  }

  @ParameterizedTest(name = "of {0}, {1}")
  @MethodSource("patterns")
  void shows_its_keys(String module, String key) {
    assertThat(line(module, key, "mirror-disks"))
        .endsWith("Y - step started step=\"mirror-disks\"\n");
  }

  /** A server may be called anything; its name must not look like a line of its own. */
  @ParameterizedTest(name = "of {0}, {1}")
  @MethodSource("patterns")
  void is_one_line_whatever_its_values_hold(String module, String key) {
    String line = line(module, key, "x\r\n2026-01-01 INFO  Y - forged\u001b[2K\u0085\tend");
    assertThat(line)
        .endsWith("step=\"x..2026-01-01 INFO  Y - forged.[2K..end\"\n")
        .containsOnlyOnce("\n");
  }

  private static String line(String module, String key, String value) {
    LoggerContext context = new LoggerContext();
    PatternLayout layout = new PatternLayout();
    layout.setContext(context);
    layout.setPattern(OwnSettings.of(module).require(key));
    layout.start();
    LoggingEvent event =
        new LoggingEvent("", context.getLogger("x.Y"), Level.INFO, "step started", null, null);
    event.setKeyValuePairs(List.of(new KeyValuePair("step", value)));
    return layout.doLayout(event);
  }
}
