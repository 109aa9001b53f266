package dev.tern.conductor.asking;

import dev.tern.contract.HostName;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import java.time.Duration;

/** The agents, asked about their hosts. */
@FunctionalInterface
public interface Hosts {
  /** Asks one; returns within the deadline, whatever happens. */
  Asked<HostAnswer> ask(HostName host, HostQuestion question, Duration deadline)
      throws InterruptedException;
}
