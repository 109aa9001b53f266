package dev.tern.contract.amqp;

import dev.tern.contract.HostName;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import java.time.Duration;

/** Asks hosts about themselves. */
public final class HostClient {
  private final Ask ask;
  private final AmqpSettings names;

  public HostClient(Ask ask, AmqpSettings names) {
    this.ask = ask;
    this.names = names;
  }

  /** See {@link Ask#ask}. */
  public Asked<HostAnswer> ask(HostName host, HostQuestion question, Duration deadline)
      throws InterruptedException {
    return ask.ask(names.hostQueue(host), HostQuestion.class, question, HostAnswer.class, deadline);
  }
}
