package dev.tern.api;

import dev.tern.api.amqp.DeadLetterCollecting;
import dev.tern.api.amqp.QueueMeasuring;
import dev.tern.api.disks.Agents;
import dev.tern.api.events.EventReader;
import dev.tern.api.events.EventSettings;
import dev.tern.api.hosts.AskingHosts;
import dev.tern.api.idempotency.ExpiredKeys;
import dev.tern.api.idempotency.IdempotencySettings;
import dev.tern.api.metrics.ClusterMeasuring;
import dev.tern.api.preflight.AskingSchedulers;
import dev.tern.api.trail.OldTrail;
import dev.tern.api.trail.TrailSettings;
import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.amqp.AgentClient;
import dev.tern.contract.amqp.AmqpConfiguration;
import dev.tern.contract.amqp.ConductorQueue;
import dev.tern.contract.amqp.HostClient;
import dev.tern.contract.amqp.OutboxRelay;
import dev.tern.contract.amqp.SchedulerClient;
import dev.tern.contract.settings.UnknownSettings;
import dev.tern.contract.start.AllRounds;
import dev.tern.store.AuditTrailStore;
import dev.tern.store.IdempotencyStore;
import dev.tern.store.OutboxStore;
import dev.tern.store.StoreConfiguration;
import java.time.Duration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The API process, over the database and the broker. Any number of copies may run. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration(
    excludeName = "org.springframework.boot.webmvc.autoconfigure.error.ErrorMvcAutoConfiguration")
@Import({
  AllRounds.class,
  ApiConfiguration.class,
  ApiGivens.class,
  StoreConfiguration.class,
  DeadLetterCollecting.class,
  ClusterMeasuring.class,
  QueueMeasuring.class,
  AmqpConfiguration.class,
  UnknownSettings.class
})
public class ApiApplication {
  private static final Duration OUTBOX_IDLE = Duration.ofMillis(100);

  public static void main(String[] args) {
    application().run(args);
  }

  /**
   * The application, to be run alone or beside others in one process; its settings are {@code
   * tern-api.*}.
   */
  public static SpringApplicationBuilder application() {
    return new SpringApplicationBuilder(ApiApplication.class)
        .properties("spring.config.name=tern-api");
  }

  @Bean
  Agents agents(AgentClient client) {
    return client::ask;
  }

  /** Sends what requests have put into the outbox, so that a conductor hears of them at once. */
  @Bean(destroyMethod = "close")
  Rounds outboxRelaying(OutboxStore store, ConductorQueue queue, Pause pause) {
    OutboxRelay relay = new OutboxRelay(queue.addressed(store), queue, pause, OUTBOX_IDLE);
    return new Rounds("outbox-relay", relay::run, pause, OUTBOX_IDLE);
  }

  @Bean(destroyMethod = "close")
  Rounds expiredKeys(IdempotencyStore store, IdempotencySettings settings, Pause pause) {
    return new Rounds(
        "expired-keys", new ExpiredKeys(store)::removeAll, pause, settings.purgeEvery());
  }

  /** Looks what has changed while somebody watches. */
  @Bean(destroyMethod = "close")
  Rounds eventReading(EventReader reader, EventSettings settings, Pause pause) {
    return new Rounds("event-reader", reader::look, pause, settings.every());
  }

  @Bean(destroyMethod = "close")
  Rounds oldTrail(AuditTrailStore store, TrailSettings settings, Pause pause) {
    return new Rounds(
        "old-trail", new OldTrail(store, settings)::forget, pause, settings.purgeEvery());
  }

  @Bean
  AskingSchedulers askingSchedulers(SchedulerClient client) {
    return client::ask;
  }

  @Bean
  AskingHosts askingHosts(HostClient client) {
    return client::ask;
  }
}
