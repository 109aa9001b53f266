package dev.tern.scheduler;

import dev.tern.store.AggregateStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.DecisionStore;
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
      HostMemory schedulerHosts,
      ClaimStore claims,
      ServerGroupStore groups,
      DecisionStore decisions,
      SchedulerSettings settings,
      MeterRegistry metrics) {
    return new Questions(
        new Scheduler(
            schedulerHosts,
            claims,
            settings.choosing(),
            groups::rules,
            settings.namedHosts(),
            new StoredDecisions(decisions, settings.decisions(), settings.decisionsKeptFor())),
        metrics);
  }

  @Bean
  HostMemory schedulerHosts(
      HostStore hosts, AggregateStore aggregates, SchedulerSettings settings) {
    return new HostMemory(hosts, aggregates, settings.serviceDownAfter(), settings.ratios());
  }

  @Bean
  KeepingUp schedulerKeepingUp(
      HostMemory schedulerHosts,
      SchedulerSettings settings,
      SimpleAsyncTaskScheduler schedulerTimer) {
    return new KeepingUp(schedulerHosts, settings.refreshHosts(), schedulerTimer);
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
