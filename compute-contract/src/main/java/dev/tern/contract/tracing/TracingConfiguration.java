package dev.tern.contract.tracing;

import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Traces of a process, where its settings name a collector; to be imported. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(OtlpSettings.class)
public class TracingConfiguration {
  private static final String AGENT = "tern-agent";

  /** A collector that is away costs nothing but its traces. */
  @Bean(destroyMethod = "close")
  Tracing tracing(
      OtlpSettings settings,
      @Value("${spring.application.name:tern}") String service,
      @Value("${tern.agent.host:}") String agentOf) {
    return settings
        .endpoint()
        .map(endpoint -> (Tracing) to(endpoint, service, agentOf))
        .orElse(Tracing.OFF);
  }

  /** An agent is known by its host, of which there may be several on one machine. */
  private static OtelTracing to(String endpoint, String service, String agentOf) {
    String host = agentOf.isEmpty() ? machine() : agentOf;
    String instance =
        service.equals(AGENT) ? host : "%s:%d".formatted(host, ProcessHandle.current().pid());
    return new OtelTracing(
        service,
        instance,
        host,
        BatchSpanProcessor.builder(
                OtlpHttpSpanExporter.builder()
                    .setEndpoint(endpoint.replaceFirst("/+$", "") + "/v1/traces")
                    .build())
            .build());
  }

  private static String machine() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      return "unknown";
    }
  }
}
