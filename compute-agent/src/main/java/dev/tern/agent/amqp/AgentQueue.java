package dev.tern.agent.amqp;

import dev.tern.agent.Agent;
import dev.tern.agent.AgentSettings;
import dev.tern.agent.StaleRequests;
import dev.tern.contract.HostName;
import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.amqp.QueueDepths;
import dev.tern.contract.amqp.Topology;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.start.AllRounds;
import dev.tern.contract.tracing.TracedAnswers;
import dev.tern.contract.tracing.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The queue of this host, and who answers what comes from it. */
@Configuration(proxyBeanMethods = false)
@Import(AllRounds.class)
class AgentQueue {
  private static final int QUESTIONS_AT_ONCE = 8;
  private static final Duration LOOK_AT_QUEUES = Duration.ofSeconds(10);

  @Bean
  Queue requests(Topology topology, HostName host) {
    return topology.agent(host);
  }

  @Bean
  DirectMessageListenerContainer requestListener(
      Answering answering,
      AmqpSettings names,
      AgentSettings settings,
      Agent agent,
      MeterRegistry metrics,
      Tracing tracing) {
    return answering.answer(
        names.agentQueue(agent.host()),
        AgentRequest.class,
        AgentAnswer.class,
        settings.requestsAtOnce(),
        traces(tracing, agent.host()).around(new StaleRequests(metrics).counting(agent::answer)));
  }

  /** A step is asked about until it is done. */
  private static TracedAnswers<AgentRequest, AgentAnswer> traces(Tracing tracing, HostName host) {
    return new TracedAnswers<>(
        tracing,
        request -> request.header().request(),
        answer -> !(answer instanceof AgentAnswer.Working),
        (request, traced) -> traced.with("host", host).with("server", request.header().server()));
  }

  @Bean(destroyMethod = "close")
  Rounds queueDepths(AmqpAdmin admin, AmqpSettings names, HostName host, MeterRegistry metrics) {
    QueueDepths depths =
        new QueueDepths(admin, List.of(names.agentQueue(host), names.hostQueue(host)), metrics);
    return new Rounds("queue-depths", depths::look, Pause.SLEEPING, LOOK_AT_QUEUES);
  }

  @Bean
  Queue questions(Topology topology, HostName host) {
    return topology.host(host);
  }

  @Bean
  DirectMessageListenerContainer questionListener(
      Answering answering, AmqpSettings names, Agent agent) {
    return answering.answer(
        names.hostQueue(agent.host()),
        HostQuestion.class,
        HostAnswer.class,
        QUESTIONS_AT_ONCE,
        agent::answer);
  }
}
