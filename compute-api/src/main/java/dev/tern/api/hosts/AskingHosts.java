package dev.tern.api.hosts;

import dev.tern.contract.HostName;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import java.time.Duration;

/** The way to the agents; {@link dev.tern.contract.amqp.HostClient} is the real one. */
@FunctionalInterface
public interface AskingHosts {
  /**
   * Asks the agent of a host and waits, {@code deadline} at most. No answer is an answer of its
   * own: whether the question was heard is not known.
   */
  Asked<HostAnswer> ask(HostName host, HostQuestion question, Duration deadline)
      throws InterruptedException;
}
