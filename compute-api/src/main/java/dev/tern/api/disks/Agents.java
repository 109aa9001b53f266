package dev.tern.api.disks;

import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.Asked;
import java.time.Duration;

/** The agents, one per host, for what only they can say. */
@FunctionalInterface
public interface Agents {
  /** Asks one; returns within the deadline, whatever happens. */
  Asked<AgentAnswer> ask(HostName host, AgentRequest request, Duration deadline)
      throws InterruptedException;
}
