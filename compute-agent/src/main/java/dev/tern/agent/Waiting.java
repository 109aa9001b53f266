package dev.tern.agent;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How a result is waited for; who simulates hosts moves time itself. */
public interface Waiting {
  /** On the machine's own clock. */
  Waiting REAL =
      new Waiting() {
        @Override
        public <T> Optional<T> forResult(CompletableFuture<T> result, Duration time)
            throws InterruptedException {
          try {
            return Optional.of(result.get(time.toMillis(), TimeUnit.MILLISECONDS));
          } catch (TimeoutException _) {
            return Optional.empty();
          } catch (ExecutionException e) {
            throw new IllegalStateException("such results never complete exceptionally", e);
          }
        }
      };

  /**
   * The result, or nothing when the time is over.
   *
   * @param result never completes exceptionally
   */
  <T> Optional<T> forResult(CompletableFuture<T> result, Duration time) throws InterruptedException;
}
