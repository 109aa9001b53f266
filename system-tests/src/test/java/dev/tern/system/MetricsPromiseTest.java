package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.metrics.Metric;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code docs/metrics.md} is made from {@link Metric}, and nothing else makes meters; {@code
 * -Dwrite.docs=true} writes the page anew.
 */
@DisplayName("docs/metrics.md")
class MetricsPromiseTest {
  private static final Path ROOT = Path.of("..");
  private static final Path PAGE = ROOT.resolve("docs").resolve("metrics.md");
  private static final List<String> MODULES =
      List.of("compute-contract", "compute-api", "conductor", "scheduler", "compute-agent");

  private static final Pattern MAKES_A_METER =
      Pattern.compile(
          "(Counter|Timer|Gauge|DistributionSummary|LongTaskTimer)\\.builder\\("
              + "|metrics\\s*\\.(counter|timer|gauge|summary|more)\\(");

  private static final String HEAD =
      """
      # Metrics

      Made by `MetricsPromiseTest` from `Metric`, which makes every meter that Tern has. Where to find them, and what to do with them: [operations](operations.md#metrics).
      A histogram has series with `_bucket` (label `le`), `_count`, `_sum` and `_max`. An agent's carry the label `host`, and so does `tern_queue_*` of an agent. Values of labels come from short lists; none is a
      server's, a migration's or a request's, so the number of series does not grow with them. Beside these stand the ones of the JVM, of HTTP (`http_server_requests_seconds`), of the connection pool and of the broker's client.

      | name | type | unit | labels | what it says | what to do |
      |---|---|---|---|---|---|
      """;

  private static String page() {
    return Stream.of(Metric.values())
        .sorted(Comparator.comparing(Metric::exported))
        .map(metric ->
            "| `%s` | %s | %s | %s | %s | %s |\n"
                .formatted(
                    metric.exported(),
                    metric.kind().word(),
                    metric.unit(),
                    metric.labels().stream()
                        .map(label -> "`" + label + "`")
                        .collect(Collectors.joining(", ")),
                    metric.meaning(),
                    metric.advice()))
        .collect(Collectors.joining("", HEAD, ""));
  }

  @Test
  void lists_every_metric() throws IOException {
    if (Boolean.getBoolean("write.docs")) {
      Files.writeString(PAGE, page());
    }
    assertThat(PAGE).content().isEqualTo(page());
  }

  @ParameterizedTest
  @EnumSource
  void names_what_prometheus_gets(Metric metric) {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    String[] values = metric.labels().stream().map(label -> "some-" + label).toArray(String[]::new);
    switch (metric.kind()) {
      case COUNTER -> metric.counter(registry, values).increment();
      case GAUGE -> metric.gauge(registry, this, _ -> 1, values);
      case TIMER -> metric.timer(registry, values).record(java.time.Duration.ofSeconds(1));
      case SUMMARY -> metric.summary(registry, values).record(1);
    }
    String scraped = registry.scrape();
    for (String series : metric.series()) {
      assertThat(scraped).containsPattern("(?m)^" + series + "[{ ]");
    }
    metric.labels().forEach(label -> assertThat(scraped).contains(label + "=\"some-" + label));
    assertThat(metric.meter()).matches("tern(\\.[a-z]+)+");
  }

  @Test
  void has_labels_in_number() {
    assertThatThrownBy(() ->
            Metric.SAGAS.gauge(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), this, _ -> 1))
        .hasMessageContaining("tern.sagas is a gauge with labels [state]");
  }

  @Test
  void has_all_that_the_code_measures_and_nothing_else() throws IOException {
    StringBuilder all = new StringBuilder();
    for (String module : MODULES) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
        for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
          if (file.endsWith("Metric.java")) {
            continue;
          }
          String code = Files.readString(file);
          assertThat(MAKES_A_METER.matcher(code).results().map(found -> found.group()))
              .as(file + " makes meters by Metric only")
              .isEmpty();
          all.append(code);
        }
      }
    }
    for (Metric metric : Metric.values()) {
      assertThat(all)
          .as("%s is measured", metric)
          .containsPattern("Metric\\s*\\.\\s*" + metric + "\\b");
    }
  }
}
