package dev.tern.api;

import dev.tern.contract.Pause;
import dev.tern.contract.amqp.ConductorQueue;
import dev.tern.contract.amqp.Outbox;
import dev.tern.contract.amqp.OutboxRelay;
import dev.tern.store.OutboxStore;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/** Sends what requests have put into the outbox, so that a conductor hears of them at once. */
final class OutboxRelaying implements SmartLifecycle {
  private static final Duration IDLE = Duration.ofMillis(100);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(15);

  private final OutboxRelay relay;
  private @Nullable Thread thread;

  OutboxRelaying(OutboxStore store, ConductorQueue queue, Pause pause, MeterRegistry metrics) {
    this.relay = new OutboxRelay(asOutbox(store, queue), queue, pause, IDLE);
    Gauge.builder("tern.outbox.waiting", store, OutboxStore::waiting)
        .description("Messages that committed requests owe the broker.")
        .register(metrics);
  }

  private static Outbox asOutbox(OutboxStore store, ConductorQueue queue) {
    return new Outbox() {
      @Override
      public List<Entry> take(int limit, Duration hold) {
        return store.take(limit, hold).stream()
            .map(owed -> queue.owed(owed.number(), owed.body()))
            .toList();
      }

      @Override
      public void sent(List<Long> numbers) {
        store.sent(numbers);
      }
    };
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
