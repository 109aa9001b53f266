package dev.tern.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.hibernate.resource.jdbc.spi.StatementInspector;

/** Counts what Hibernate sends to the database; it is named in a setting. */
public final class CountedSql implements StatementInspector {
  private static final long serialVersionUID = 1L;
  private static final Map<String, LongAdder> COUNTS = new ConcurrentHashMap<>();

  /** How often each was sent since the last time. */
  static Map<String, Long> taken() {
    Map<String, Long> taken = new HashMap<>();
    COUNTS.forEach((sql, count) -> taken.put(sql, count.sumThenReset()));
    return taken;
  }

  @Override
  public String inspect(String sql) {
    // What is owed is fetched a hundred times a second, here as by a conductor.
    if (!sql.contains("update outbox")) {
      COUNTS.computeIfAbsent(sql, _ -> new LongAdder()).increment();
    }
    return sql;
  }
}
