package dev.tern.conductor.asking;

import dev.tern.contract.amqp.Asked;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import java.time.Duration;

/** The schedulers; whichever is free answers. */
@FunctionalInterface
public interface Schedulers {
  /** Asks; returns within the deadline, whatever happens. */
  Asked<SchedulerAnswer> ask(SchedulerRequest request, Duration deadline)
      throws InterruptedException;
}
