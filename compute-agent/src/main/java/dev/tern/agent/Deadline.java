package dev.tern.agent;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

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
    long until = System.nanoTime() + time.toNanos();
    return within(() -> Duration.ofNanos(until - System.nanoTime()), work);
  }

  /**
   * The same with a time that may become longer meanwhile.
   *
   * @param left asked when it is over
   */
  static <T> T within(Supplier<Duration> left, Blocking<T> work) throws Exception {
    Thread worker = Thread.currentThread();
    CountDownLatch ended = new CountDownLatch(1);
    AtomicBoolean late = new AtomicBoolean();
    Thread watch =
        Thread.startVirtualThread(() -> {
          try {
            for (Duration time = left.get(); ; time = left.get()) {
              if (!time.isPositive()) {
                if (late.compareAndSet(false, true)) {
                  worker.interrupt();
                }
                return;
              }
              if (ended.await(time.toMillis() + 1, TimeUnit.MILLISECONDS)) {
                return;
              }
            }
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
        });
    try {
      return work.run();
    } catch (InterruptedException e) {
      if (late.get()) {
        TimeoutException timeout = new TimeoutException("not done in time");
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
