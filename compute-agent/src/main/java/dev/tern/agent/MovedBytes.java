package dev.tern.agent;

import dev.tern.contract.MigrationId;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.metrics.Metric;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Counts what this host's migrations sent, while they do: {@code tern.agent.migration.bytes} by
 * kind. Not tagged by migration, for a graph's series must not grow with the number of moves.
 */
final class MovedBytes {
  private static final int REMEMBERED = 1_000;

  private record Sent(long disk, long memory) {}

  private final Counter disk;
  private final Counter memory;

  /** Guarded by this object's lock. */
  private final Map<MigrationId, Sent> counted = new LinkedHashMap<>();

  MovedBytes(MeterRegistry metrics) {
    this.disk = counter(metrics, "disk");
    this.memory = counter(metrics, "memory");
  }

  private static Counter counter(MeterRegistry metrics, String kind) {
    return Metric.AGENT_BYTES.counter(metrics, kind);
  }

  /** Counts what was sent since the last time. A step that begins again sends again. */
  synchronized void count(MigrationProgress now) {
    Sent before = counted.remove(now.migration());
    Sent sent = new Sent(now.diskProcessed(), now.memoryProcessed());
    disk.increment(more(before == null ? 0 : before.disk(), sent.disk()));
    memory.increment(more(before == null ? 0 : before.memory(), sent.memory()));
    counted.put(now.migration(), sent);
    if (counted.size() > REMEMBERED) {
      counted.remove(counted.keySet().iterator().next());
    }
  }

  private static double more(long before, long now) {
    return (double) (now >= before ? now - before : now);
  }
}
