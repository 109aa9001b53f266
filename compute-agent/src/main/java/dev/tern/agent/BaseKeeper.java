package dev.tern.agent;

import dev.tern.agent.BaseHousekeeping.Kept;
import dev.tern.contract.metrics.Metric;
import dev.tern.virt.VirtException;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps {@code _base} in order for as long as the agent runs, and shows what is kept there: {@code
 * tern.agent.base.bytes} by kind.
 */
final class BaseKeeper {
  private static final Logger log = LoggerFactory.getLogger(BaseKeeper.class);
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofHours(1);

  /** What is removed is removed at most a tenth of its age too late. */
  private static final int ROUNDS_PER_AGE = 10;

  private final Agent agent;
  private volatile Kept kept = new Kept(0, 0, 0);

  BaseKeeper(Agent agent, MeterRegistry metrics) {
    this.agent = agent;
    gauge(metrics, "used", Kept::usedBytes);
    gauge(metrics, "unused", Kept::unusedBytes);
    gauge(metrics, "wrong", Kept::wrongBytes);
  }

  /** How long to rest between two rounds, for an age at which what is unused is removed. */
  static Duration between(Duration age) {
    Duration part = age.dividedBy(ROUNDS_PER_AGE);
    if (age.isZero() || part.compareTo(LONGEST) > 0) {
      return LONGEST;
    }
    return part.compareTo(SHORTEST) < 0 ? SHORTEST : part;
  }

  private void gauge(MeterRegistry metrics, String kind, ToLongFunction<Kept> bytes) {
    Metric.AGENT_BASES.gauge(metrics, this, keeper -> bytes.applyAsLong(keeper.kept), kind);
  }

  /** One round; what fails is looked at again in the next. */
  void round() {
    try {
      kept = agent.keepBases();
    } catch (IOException | VirtException | RuntimeException e) {
      log.atWarn()
          .addKeyValue("host", agent.host())
          .setCause(e)
          .log("bases could not be looked through; what could not be judged stays");
    }
  }
}
