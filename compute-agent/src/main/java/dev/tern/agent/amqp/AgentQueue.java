package dev.tern.agent.amqp;

import dev.tern.agent.Agent;
import dev.tern.agent.AgentSettings;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.AmqpSettings;
import dev.tern.contract.amqp.Answering;
import dev.tern.contract.amqp.Topology;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The queue of this host, and who answers what comes from it. */
@Configuration(proxyBeanMethods = false)
class AgentQueue {
  @Bean
  Queue requests(Topology topology, HostName host) {
    return topology.agent(host);
  }

  @Bean
  DirectMessageListenerContainer requestListener(
      Answering answering, AmqpSettings names, AgentSettings settings, Agent agent) {
    return answering.answer(
        names.agentQueue(agent.host()),
        AgentRequest.class,
        AgentAnswer.class,
        settings.requestsAtOnce(),
        agent::answer);
  }
}
