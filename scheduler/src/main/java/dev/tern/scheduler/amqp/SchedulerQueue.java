package dev.tern.scheduler.amqp;

import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.tracing.TracedAnswers;
import dev.tern.contract.tracing.Tracing;
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
      Answering answering,
      AmqpSettings names,
      SchedulerSettings settings,
      Questions questions,
      Tracing tracing) {
    return answering.answer(
        names.schedulerQueue(),
        SchedulerRequest.class,
        SchedulerAnswer.class,
        settings.questionsAtOnce(),
        new TracedAnswers<SchedulerRequest, SchedulerAnswer>(
                tracing, SchedulerRequest::request, _ -> true, (_, traced) -> traced)
            .around(questions::answer));
  }
}
