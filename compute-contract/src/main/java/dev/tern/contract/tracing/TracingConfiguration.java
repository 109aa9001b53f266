package dev.tern.contract.tracing;

import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Traces of a process, where its settings name a collector; to be imported. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(OtlpSettings.class)
public class TracingConfiguration {
  /** A collector that is away costs nothing but its traces. */
  @Bean(destroyMethod = "close")
  Tracing tracing(OtlpSettings settings, @Value("${spring.application.name:tern}") String service) {
    return settings.endpoint().map(endpoint -> (Tracing) to(endpoint, service)).orElse(Tracing.OFF);
  }

  private static OtelTracing to(String endpoint, String service) {
    return new OtelTracing(
        service,
        BatchSpanProcessor.builder(
                OtlpHttpSpanExporter.builder()
                    .setEndpoint(endpoint.replaceFirst("/+$", "") + "/v1/traces")
                    .build())
            .build());
  }
}
