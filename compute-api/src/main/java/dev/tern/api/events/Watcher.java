package dev.tern.api.events;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client that watches: what is to be sent to it waits in a queue of a bounded size, so that a
 * slow client costs nobody else anything, and little here.
 */
final class Watcher {
  /** Wakes who waits for the next text. */
  private static final String END = "";

  private final Viewer viewer;
  private final Optional<Long> from;
  private final ArrayBlockingQueue<String> waiting;
  private volatile boolean ended;

  /**
   * A client that has been told nothing yet.
   *
   * @param from up to where an earlier stream told it everything
   */
  Watcher(Viewer viewer, Optional<Long> from, int most) {
    this.viewer = viewer;
    this.from = from;
    this.waiting = new ArrayBlockingQueue<>(most);
  }

  Viewer viewer() {
    return viewer;
  }

  Optional<Long> from() {
    return from;
  }

  /** False when it is too slow, and will be told no more. */
  boolean offer(String text) {
    if (ended) {
      return false;
    }
    if (waiting.offer(text)) {
      return true;
    }
    end();
    return false;
  }

  /** What waits is dropped. */
  void end() {
    ended = true;
    waiting.clear();
    boolean _ = waiting.offer(END);
  }

  boolean ended() {
    return ended;
  }

  /** The next text to send, empty when none came in time or it has ended. */
  Optional<String> next(Duration atMost) throws InterruptedException {
    if (ended) {
      return Optional.empty();
    }
    @Nullable String text = waiting.poll(atMost.toMillis(), TimeUnit.MILLISECONDS);
    return text == null || text.isEmpty() || ended ? Optional.empty() : Optional.of(text);
  }
}
