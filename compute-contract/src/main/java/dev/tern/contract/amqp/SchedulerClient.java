package dev.tern.contract.amqp;

import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import java.time.Duration;

/** Asks whichever scheduler is free. */
public final class SchedulerClient {
  private final Ask ask;
  private final AmqpSettings names;

  public SchedulerClient(Ask ask, AmqpSettings names) {
    this.ask = ask;
    this.names = names;
  }

  /** See {@link Ask#ask}. */
  public Asked<SchedulerAnswer> ask(SchedulerRequest request, Duration deadline)
      throws InterruptedException {
    return ask.ask(
        names.schedulerQueue(), SchedulerRequest.class, request, SchedulerAnswer.class, deadline);
  }
}
