package dev.tern.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.metrics.Metric;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The API of services that share a JVM")
class FormMetricsTest {
  private final FormMetrics form = new FormMetrics();
  private final PrometheusMeterRegistry api = meters(form.of(Service.API), "");

  private static PrometheusMeterRegistry meters(PrometheusRegistry registry, String host) {
    PrometheusMeterRegistry meters =
        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, registry, Clock.SYSTEM);
    if (!host.isEmpty()) {
      meters.config().meterFilter(MeterFilter.commonTags(List.of(Tag.of("host", host))));
    }
    return meters;
  }

  @Test
  void shows_what_all_of_them_measure_and_the_jvm_once() {
    PrometheusMeterRegistry conductor = meters(form.of(Service.CONDUCTOR), "");
    Metric.MIGRATION_DURATION.timer(conductor, "completed", "none").record(Duration.ofSeconds(3));
    for (String host : List.of("host-1", "host-2")) {
      Metric.AGENT_BYTES.counter(meters(form.of(Service.AGENT), host), "disk").increment(7);
    }
    api.counter("jvm.things").increment();
    conductor.counter("jvm.things").increment();
    conductor.counter("jvm.others").increment();
    Metric.SAGAS.gauge(api, this, _ -> 2, "running");

    String scraped = api.scrape();

    assertThat(scraped)
        .contains("tern_migration_duration_seconds_count{cause=\"none\",status=\"completed\"} 1")
        .contains("tern_agent_migration_bytes_total{host=\"host-1\",kind=\"disk\"} 7.0")
        .contains("tern_agent_migration_bytes_total{host=\"host-2\",kind=\"disk\"} 7.0")
        .contains("tern_sagas{state=\"running\"} 2.0")
        .containsOnlyOnce("jvm_things_total 1.0")
        .containsOnlyOnce("# TYPE tern_agent_migration_bytes_total")
        .doesNotContain("jvm_others");
    assertThat(conductor.scrape()).doesNotContain("tern_sagas");
  }

  @Test
  void forgets_a_service_that_has_ended() {
    PrometheusRegistry conductor = form.of(Service.CONDUCTOR);
    Metric.SAGAS_HERE.gauge(meters(conductor, ""), this, _ -> 1);
    assertThat(api.scrape()).contains("tern_conductor_sagas_running 1.0");

    form.remove(conductor);

    assertThat(api.scrape()).doesNotContain("tern_conductor_sagas_running");
  }
}
