package dev.tern.agent;

import dev.tern.contract.Pause;
import java.time.Clock;
import java.util.function.LongSupplier;

/**
 * Time as an agent sees it.
 *
 * @param clock that people read
 * @param nanos since some fixed moment; never go back
 */
public record AgentTime(Clock clock, LongSupplier nanos, Pause pause, Waiting waiting) {
  /** The machine's own. */
  public static AgentTime real() {
    return real(Clock.systemUTC());
  }

  /** The machine's own, but for what people read. */
  public static AgentTime real(Clock clock) {
    return new AgentTime(clock, System::nanoTime, Pause.SLEEPING, Waiting.REAL);
  }
}
