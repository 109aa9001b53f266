package dev.tern.conductor.amqp;

import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Hosts;
import dev.tern.conductor.asking.Schedulers;
import dev.tern.conductor.notifications.NotificationSettings;
import dev.tern.conductor.notifications.Notifier;
import dev.tern.conductor.reports.ProgressReports;
import dev.tern.conductor.reports.ReceiptCollection;
import dev.tern.conductor.reports.Reports;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.amqp.AgentClient;
import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.amqp.ConductorQueue;
import dev.tern.contract.amqp.HostClient;
import dev.tern.contract.amqp.OutboxRelay;
import dev.tern.contract.amqp.SchedulerClient;
import dev.tern.contract.conductor.ConductorMessage;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.metrics.Metric;
import dev.tern.contract.start.AllRounds;
import dev.tern.store.NotificationStore;
import dev.tern.store.OutboxStore;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** What comes from the broker, and what goes to it. */
@Configuration(proxyBeanMethods = false)
@Import(AllRounds.class)
class ConductorQueues {
  private static final int AT_ONCE = 4;

  @Bean
  Agents agents(AgentClient client) {
    return client::ask;
  }

  @Bean
  Schedulers schedulers(SchedulerClient client) {
    return client::ask;
  }

  @Bean
  Hosts hosts(HostClient client) {
    return client::ask;
  }

  /**
   * The message is done with as soon as the saga is begun here: the work stands in the database.
   */
  @Bean
  DirectMessageListenerContainer wakeUps(
      Answering answering, AmqpSettings names, SagaRunner runner) {
    return answering.work(
        names.conductorQueue(),
        ConductorMessage.class,
        AT_ONCE,
        message -> {
          switch (message) {
            case ConductorMessage.WakeSaga(var saga) -> runner.wake(saga);
          }
        });
  }

  @Bean
  DirectMessageListenerContainer hostReports(
      Answering answering, AmqpSettings names, Reports reports, ReceiptCollection receipts) {
    return answering.hear(
        names.reports(),
        HostReport.class,
        AT_ONCE,
        report -> {
          reports.host(report);
          receipts.collect(report);
        });
  }

  @Bean
  DirectMessageListenerContainer migrationProgress(
      Answering answering, AmqpSettings names, ProgressReports reports) {
    return answering.hear(names.progress(), MigrationProgress.class, AT_ONCE, reports::take);
  }

  @Bean(destroyMethod = "close")
  Rounds outboxRounds(OutboxStore store, ConductorQueue queue, ConductorSettings settings) {
    OutboxRelay relay =
        new OutboxRelay(queue.addressed(store), queue, Pause.SLEEPING, settings.outboxEvery());
    return new Rounds("outbox", relay::run, Pause.SLEEPING, settings.outboxEvery());
  }

  @Bean(destroyMethod = "close")
  Rounds notificationRounds(
      NotificationStore store,
      AmqpAdmin admin,
      CachingConnectionFactory connections,
      NotificationSettings settings,
      MeterRegistry metrics) {
    Notifier notifier =
        new Notifier(store, new Announcing(admin, connections, settings), settings, metrics);
    Metric.NOTIFICATIONS_WAITING.gauge(metrics, store, NotificationStore::waiting);
    return new Rounds("notifications", notifier::round, Pause.SLEEPING, settings.every());
  }
}
