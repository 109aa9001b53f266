package dev.tern.api;

import java.util.concurrent.atomic.AtomicInteger;
import org.hibernate.resource.jdbc.spi.StatementInspector;

/** Counts what Hibernate sends to the database on behalf of requests; it is named in a setting. */
public final class CountedStatements implements StatementInspector {
  private static final long serialVersionUID = 1L;
  private static final AtomicInteger COUNT = new AtomicInteger();

  /** How many since the last time. */
  static int taken() {
    return COUNT.getAndSet(0);
  }

  @Override
  public String inspect(String sql) {
    // What is done in the background has threads of its own.
    if (Thread.currentThread().getName().startsWith("tomcat-handler")) {
      COUNT.incrementAndGet();
    }
    return sql;
  }
}
