package dev.tern.api.amqp;

import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.QueueDepths;
import dev.tern.contract.start.AllRounds;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Shows how full the queues are that all processes share; each agent shows its own. */
@Configuration(proxyBeanMethods = false)
@Import(AllRounds.class)
public class QueueMeasuring {
  private static final Duration EVERY = Duration.ofSeconds(10);

  @Bean(destroyMethod = "close")
  Rounds queueDepths(AmqpAdmin admin, AmqpSettings names, Pause pause, MeterRegistry metrics) {
    QueueDepths depths =
        new QueueDepths(
            admin,
            List.of(
                names.conductorQueue(),
                names.schedulerQueue(),
                names.reports(),
                names.progress(),
                names.deadQueue()),
            metrics);
    return new Rounds("queue-depths", depths::look, pause, EVERY);
  }
}
