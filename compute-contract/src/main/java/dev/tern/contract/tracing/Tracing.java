package dev.tern.contract.tracing;

import dev.tern.contract.RequestId;
import java.time.Instant;
import java.util.Optional;

/**
 * Makes traces. Work that is begun on a thread where other work of the same request is traced
 * becomes a part of that; elsewhere it becomes a part of the request itself, known by its id alone.
 */
public interface Tracing extends AutoCloseable {
  /** Makes none, at no cost. */
  Tracing OFF =
      new Tracing() {
        @Override
        public Traced request(RequestId request, String name, Optional<String> cause) {
          return Traced.NONE;
        }

        @Override
        public Traced work(RequestId request, String name) {
          return Traced.NONE;
        }

        @Override
        public Traced apart(RequestId request, String name) {
          return Traced.NONE;
        }

        @Override
        public void past(RequestId request, String name, Instant from, Instant to) {}

        @Override
        public void close() {}
      };

  /**
   * The request itself, where it comes in: the root of its trace.
   *
   * @param cause the caller's {@code traceparent}, to which the root is linked; one that cannot be
   *     read is passed over
   */
  Traced request(RequestId request, String name, Optional<String> cause);

  /** Work on this thread; what is asked of others meanwhile tells them of it. */
  Traced work(RequestId request, String name);

  /** Work that goes on when this thread does something else; may be closed by another thread. */
  Traced apart(RequestId request, String name);

  /**
   * Something that is over, of which both ends are known: a part of the request itself, as it was
   * before the work that tells of it.
   */
  void past(RequestId request, String name, Instant from, Instant to);

  /** Sends what has not been sent, for a few seconds at most. */
  @Override
  void close();
}
