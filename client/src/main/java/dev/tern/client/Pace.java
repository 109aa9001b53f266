package dev.tern.client;

import java.time.Duration;

/** Time as waiting needs it, so that tests need not wait. */
public interface Pace {
  /** The machine's own. */
  Pace REAL =
      new Pace() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void pause(Duration length) throws InterruptedException {
          Thread.sleep(length);
        }
      };

  /** Of no particular origin; only differences mean something. */
  long nanos();

  void pause(Duration length) throws InterruptedException;
}
