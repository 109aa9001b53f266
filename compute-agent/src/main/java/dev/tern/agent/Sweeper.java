package dev.tern.agent;

import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.contract.metrics.Metric;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sweeps when the agent starts and at each interval, and counts what was swept: {@code
 * tern.agent.swept} by kind.
 */
final class Sweeper {
  private static final Logger log = LoggerFactory.getLogger(Sweeper.class);

  /** Each interval is up to this part of it longer, so that agents started together part. */
  private static final double JITTER = 0.2;

  private final Agent agent;
  private final Duration interval;
  private final DoubleSupplier random;

  /**
   * @param random from 0 to 1
   */
  Sweeper(Agent agent, Duration interval, DoubleSupplier random, MeterRegistry metrics) {
    this.agent = agent;
    this.interval = interval;
    this.random = random;
    for (Kind kind : Kind.values()) {
      Metric.AGENT_SWEPT.counts(
          metrics, agent, of -> of.swept(kind), kind.name().toLowerCase(Locale.ROOT));
    }
  }

  /** How long to rest before the next sweep. */
  Duration next() {
    return interval.plusMillis((long) (interval.toMillis() * JITTER * random.getAsDouble()));
  }

  /** One sweep; what fails is left for the next. */
  void round() throws InterruptedException {
    try {
      agent.sweep();
    } catch (RuntimeException e) {
      log.atError().addKeyValue("host", agent.host()).setCause(e).log("the sweeper failed");
    }
  }
}
