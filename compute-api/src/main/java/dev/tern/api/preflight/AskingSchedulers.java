package dev.tern.api.preflight;

import dev.tern.contract.amqp.Asked;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import java.time.Duration;

/** The way to the schedulers; {@link dev.tern.contract.amqp.SchedulerClient} is the real one. */
@FunctionalInterface
public interface AskingSchedulers {
  /** Asks whichever is free and waits, {@code deadline} at most. */
  Asked<SchedulerAnswer> ask(SchedulerRequest request, Duration deadline)
      throws InterruptedException;
}
