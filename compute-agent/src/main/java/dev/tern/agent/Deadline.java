package dev.tern.agent;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/** Ends blocking work that takes too long, by interrupting its thread. */
final class Deadline {
  private Deadline() {}

  /** Something that blocks and can be interrupted. */
  @FunctionalInterface
  interface Blocking<T> {
    T run() throws Exception;
  }

  /**
   * @throws TimeoutException when the work was interrupted because its time was over
   * @throws Exception whatever the work throws, {@link InterruptedException} when somebody else
   *     interrupted it
   */
  static <T> T within(Duration time, Blocking<T> work) throws Exception {
    Thread worker = Thread.currentThread();
    CountDownLatch ended = new CountDownLatch(1);
    AtomicBoolean late = new AtomicBoolean();
    Thread watch =
        Thread.startVirtualThread(() -> {
          try {
            if (!ended.await(time.toMillis(), TimeUnit.MILLISECONDS)
                && late.compareAndSet(false, true)) {
              worker.interrupt();
            }
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
        });
    try {
      return work.run();
    } catch (InterruptedException e) {
      if (late.get()) {
        TimeoutException timeout = new TimeoutException("not done within " + time);
        timeout.initCause(e);
        throw timeout;
      }
      throw e;
    } finally {
      // After this the watch interrupts nobody; an interrupt it has just sent is taken back.
      if (!late.compareAndSet(false, true)) {
        watch.join();
        Thread.interrupted();
      }
      ended.countDown();
    }
  }
}
