package dev.tern.api.metrics;

import dev.tern.api.ApiSettings;
import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.start.AllRounds;
import dev.tern.store.ClusterFiguresStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Measures all of Tern for as long as an API runs. */
@Configuration(proxyBeanMethods = false)
@Import(AllRounds.class)
public class ClusterMeasuring {
  private static final Duration EVERY = Duration.ofSeconds(5);

  @Bean(destroyMethod = "close")
  Rounds clusterFigures(
      ClusterFiguresStore store,
      ApiSettings settings,
      Clock clock,
      Pause pause,
      MeterRegistry metrics) {
    ClusterMeters meters = new ClusterMeters(store, settings.serviceDownAfter(), clock, metrics);
    return new Rounds("cluster-figures", meters::look, pause, EVERY);
  }
}
