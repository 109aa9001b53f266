package dev.tern.contract.amqp;

import dev.tern.contract.Pause;
import dev.tern.contract.tracing.TracingConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Executors;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/**
 * Everything a process needs of the broker; to be imported. Takes the place of Spring Boot's own
 * connection, so that all processes connect in one way, by the settings {@code tern.amqp.*}.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AmqpSettings.class)
@Import(TracingConfiguration.class)
public class AmqpConfiguration {
  private static final Duration CONFIRM_DEADLINE = Duration.ofSeconds(10);
  private static final int CONNECT_MILLIS = 5_000;
  private static final int HEARTBEAT_SECONDS = 10;

  @Bean
  CachingConnectionFactory ternConnections(
      AmqpSettings settings, @Value("${spring.application.name:tern}") String name) {
    CachingConnectionFactory connections = new CachingConnectionFactory(settings.broker());
    if (settings.encrypted()) {
      BrokerTrust.demand(connections.getRabbitConnectionFactory(), settings);
    }
    connections.setConnectionNameStrategy(_ -> name);
    connections.setConnectionTimeout(CONNECT_MILLIS);
    connections.setRequestedHeartBeat(HEARTBEAT_SECONDS);
    connections.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.CORRELATED);
    connections.setPublisherReturns(true);
    connections.setExecutor(
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("amqp-", 0).factory()));
    return connections;
  }

  @Bean
  ControlLinkHealth controlLink(AmqpSettings settings) {
    return new ControlLinkHealth(settings.link());
  }

  @Bean
  RabbitAdmin ternAdmin(CachingConnectionFactory connections) {
    return new RabbitAdmin(connections);
  }

  /** Mandatory, so that a message without a queue comes back instead of vanishing. */
  @Bean
  RabbitTemplate ternTemplate(CachingConnectionFactory connections) {
    RabbitTemplate template = new RabbitTemplate(connections);
    // A broker short of memory stops publishers' connections; consumers must go on and relieve it.
    template.setUsePublisherConnection(true);
    template.setMandatoryExpressionString("true");
    return template;
  }

  @Bean
  Topology ternTopology(AmqpSettings settings) {
    return new Topology(settings);
  }

  @Bean
  Declarables ternShared(Topology topology) {
    return topology.shared();
  }

  @Bean
  Ask ternAsk(CachingConnectionFactory connections) {
    return new Ask(connections);
  }

  @Bean
  AgentClient agentClient(Ask ask, AmqpSettings settings) {
    return new AgentClient(ask, settings);
  }

  @Bean
  HostClient hostClient(Ask ask, AmqpSettings settings) {
    return new HostClient(ask, settings);
  }

  @Bean
  SchedulerClient schedulerClient(Ask ask, AmqpSettings settings) {
    return new SchedulerClient(ask, settings);
  }

  @Bean
  ConductorQueue conductorQueue(RabbitTemplate template, AmqpSettings settings) {
    return new ConductorQueue(template, settings, CONFIRM_DEADLINE);
  }

  @Bean
  ReportPublisher reportPublisher(RabbitTemplate template, AmqpSettings settings) {
    return new ReportPublisher(template, settings);
  }

  @Bean
  ProgressPublisher progressPublisher(RabbitTemplate template, AmqpSettings settings) {
    return new ProgressPublisher(template, settings);
  }

  @Bean
  DeadLetterQueue deadLetterQueue(
      Answering answering, RabbitTemplate template, AmqpSettings settings) {
    return new DeadLetterQueue(answering, template, settings);
  }

  @Bean
  Answering answering(
      CachingConnectionFactory connections,
      AmqpAdmin admin,
      RabbitTemplate template,
      AmqpSettings settings,
      ObjectProvider<MeterRegistry> metrics,
      ObjectProvider<Pause> pause) {
    return new Answering(
        connections,
        admin,
        template,
        new DeadLetters(template, settings, metrics.getIfAvailable()),
        pause.getIfAvailable(() -> Pause.SLEEPING),
        new Random());
  }
}
