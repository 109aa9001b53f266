package dev.tern.scheduler;

import dev.tern.contract.amqp.AmqpSettings;
import java.util.List;
import java.util.UUID;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.ApplicationContext;

/** Names at a broker that tests share, and their removal. */
public record OwnNames(String prefix) {
  public static OwnNames random() {
    return new OwnNames("test-" + UUID.randomUUID());
  }

  /** Ends listening, then deletes what the applications of this name declared. */
  public void remove(List<? extends ApplicationContext> applications) {
    applications.forEach(running ->
        running
            .getBeansOfType(DirectMessageListenerContainer.class)
            .values()
            .forEach(DirectMessageListenerContainer::stop));
    ApplicationContext application = applications.getFirst();
    RabbitAdmin admin = application.getBean(RabbitAdmin.class);
    AmqpSettings names = application.getBean(AmqpSettings.class);
    for (String queue :
        List.of(
            names.conductorQueue(),
            names.schedulerQueue(),
            names.reports(),
            names.progress(),
            names.deadQueue())) {
      admin.deleteQueue(queue);
    }
    admin.deleteExchange(names.reports());
    admin.deleteExchange(names.progress());
  }
}
