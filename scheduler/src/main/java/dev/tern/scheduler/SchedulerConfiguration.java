package dev.tern.scheduler;

import dev.tern.store.ClaimStore;
import dev.tern.store.HostStore;
import dev.tern.store.ServerGroupStore;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.SimpleAsyncTaskScheduler;

/** How the parts of a scheduler fit together. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SchedulerSettings.class)
class SchedulerConfiguration {
  @Bean
  Questions questions(
      HostStore hosts,
      ClaimStore claims,
      ServerGroupStore groups,
      SchedulerSettings settings,
      MeterRegistry metrics) {
    HostCatalog catalog = new StoredHosts(hosts, settings.serviceDownAfter());
    return new Questions(
        new Scheduler(catalog, claims, settings.ratios(), groups::rules, settings.namedHosts()),
        metrics);
  }

  @Bean
  SimpleAsyncTaskScheduler schedulerTimer() {
    SimpleAsyncTaskScheduler timer = new SimpleAsyncTaskScheduler();
    timer.setVirtualThreads(true);
    timer.setThreadNamePrefix("scheduler-timer-");
    return timer;
  }

  @Bean
  ServiceBeat schedulerBeat(
      HostStore services, SchedulerSettings settings, SimpleAsyncTaskScheduler schedulerTimer) {
    return new ServiceBeat(services, settings.name(), schedulerTimer);
  }
}
