package dev.tern.api.trail;

import dev.tern.store.AuditTrailStore;
import java.time.Clock;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;

/** The audit trail of an API. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TrailSettings.class)
public class TrailKeeping {
  /** After the one that knows who asks, before the one that may answer for others. */
  private static final int ORDER = Ordered.HIGHEST_PRECEDENCE + 15;

  @Bean
  FilterRegistrationBean<TrailFilter> trailFilter(
      AuditTrailStore store, Clock clock, TrailSettings settings) {
    FilterRegistrationBean<TrailFilter> filter =
        new FilterRegistrationBean<>(new TrailFilter(store, clock));
    filter.setOrder(ORDER);
    filter.setEnabled(settings.keep().isPositive());
    return filter;
  }
}
