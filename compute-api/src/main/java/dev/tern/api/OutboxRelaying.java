package dev.tern.api;

import dev.tern.contract.Pause;
import dev.tern.contract.amqp.ConductorQueue;
import dev.tern.contract.amqp.OutboxRelay;
import dev.tern.store.OutboxStore;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/** Sends what requests have put into the outbox, so that a conductor hears of them at once. */
final class OutboxRelaying implements SmartLifecycle {
  private static final Duration IDLE = Duration.ofMillis(100);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(15);

  private final OutboxRelay relay;
  private @Nullable Thread thread;

  OutboxRelaying(OutboxStore store, ConductorQueue queue, Pause pause, MeterRegistry metrics) {
    this.relay = new OutboxRelay(queue.addressed(store), queue, pause, IDLE);
    Gauge.builder("tern.outbox.waiting", store, OutboxStore::waiting)
        .description("Messages that committed requests owe the broker.")
        .register(metrics);
  }

  @Override
  public synchronized void start() {
    thread = Thread.ofVirtual().name("outbox-relay").start(relay::run);
  }

  @Override
  public synchronized void stop() {
    Thread running = thread;
    thread = null;
    if (running != null) {
      running.interrupt();
      try {
        running.join(LONGEST_STOP);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public synchronized boolean isRunning() {
    return thread != null;
  }
}
