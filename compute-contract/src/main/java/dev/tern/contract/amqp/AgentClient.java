package dev.tern.contract.amqp;

import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import java.time.Duration;

/** Asks agents. */
public final class AgentClient {
  private final Ask ask;
  private final AmqpSettings names;

  public AgentClient(Ask ask, AmqpSettings names) {
    this.ask = ask;
    this.names = names;
  }

  /**
   * Asks the agent of a host; see {@link Ask#ask}. Give it more than a second: a busy agent holds
   * the question that long before it says {@link AgentAnswer.Working}.
   */
  public Asked<AgentAnswer> ask(HostName host, AgentRequest request, Duration deadline)
      throws InterruptedException {
    return ask.ask(
        names.agentQueue(host), AgentRequest.class, request, AgentAnswer.class, deadline);
  }
}
