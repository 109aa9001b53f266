package dev.tern.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.hibernate.resource.jdbc.spi.StatementInspector;
import org.jspecify.annotations.Nullable;

/**
 * Counts what Hibernate sends to the database, by why; it is named in a setting. What threads send
 * that have no cause is not counted.
 */
public final class CountedSql implements StatementInspector {
  private static final long serialVersionUID = 1L;

  /** Threads that a thread starts have its cause. */
  private static final InheritableThreadLocal<@Nullable Cause> CAUSE =
      new InheritableThreadLocal<>();

  private static final Map<Sent, LongAdder> COUNTS = new ConcurrentHashMap<>();

  /** Why something is sent. */
  enum Cause {
    /** A server migrates, or is about to. */
    MIGRATION,
    /** It is time to look. */
    CLOCK,
    /** One of both, as {@link #moved} says. */
    EITHER
  }

  private record Sent(Cause cause, String sql) {}

  /** Work that may be interrupted. */
  @FunctionalInterface
  interface Work<T, X extends Exception> {
    T run() throws X;
  }

  /** Does the work, and counts what it sends as sent because of this. */
  static <T, X extends Exception> T because(Cause cause, Work<T, X> work) throws X {
    Cause before = CAUSE.get();
    CAUSE.set(cause);
    try {
      return work.run();
    } finally {
      CAUSE.set(before);
    }
  }

  /** What was either is this. */
  static void moved(Cause to) {
    taken(Cause.EITHER)
        .forEach((sql, count) ->
            COUNTS.computeIfAbsent(new Sent(to, sql), _ -> new LongAdder()).add(count));
  }

  /** How often each was sent since the last time. */
  static Map<String, Long> taken(Cause cause) {
    Map<String, Long> taken = new HashMap<>();
    COUNTS.forEach((sent, count) -> {
      if (sent.cause() == cause) {
        taken.put(sent.sql(), count.sumThenReset());
      }
    });
    return taken;
  }

  @Override
  public String inspect(String sql) {
    Cause cause = CAUSE.get();
    if (cause != null) {
      COUNTS.computeIfAbsent(new Sent(cause, sql), _ -> new LongAdder()).increment();
    }
    return sql;
  }
}
