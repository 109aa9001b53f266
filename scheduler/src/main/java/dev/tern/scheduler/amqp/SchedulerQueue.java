package dev.tern.scheduler.amqp;

import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.scheduler.Questions;
import dev.tern.scheduler.SchedulerSettings;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Takes questions off the queue that all schedulers share. */
@Configuration(proxyBeanMethods = false)
class SchedulerQueue {
  @Bean
  DirectMessageListenerContainer schedulerQuestions(
      Answering answering, AmqpSettings names, SchedulerSettings settings, Questions questions) {
    return answering.answer(
        names.schedulerQueue(),
        SchedulerRequest.class,
        SchedulerAnswer.class,
        settings.questionsAtOnce(),
        questions::answer);
  }
}
