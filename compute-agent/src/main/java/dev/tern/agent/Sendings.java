package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.virt.SendingRate;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * How fast the files of servers leave this host while their guests do not move. What is told holds
 * for what is sent now, and for what is sent next of the same epoch; it is told again and again, so
 * nothing is kept over a restart.
 */
final class Sendings {
  private final LongSupplier nanos;
  private final Map<ServerId, Sending> sendings = new ConcurrentHashMap<>();

  /**
   * @param nanos a clock that only goes forward
   */
  Sendings(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** One server's. */
  final class Sending {
    private final long epoch;
    private final SendingRate rate;
    private long bytes;
    private Duration slack = Duration.ZERO;
    private Optional<Long> until = Optional.empty();

    private Sending(long epoch, long bytesPerSecond) {
      this.epoch = epoch;
      this.rate = new SendingRate(bytesPerSecond);
    }

    SendingRate rate() {
      return rate;
    }

    private synchronized void begins(long toSend, Duration deadline) {
      bytes = toSend;
      slack = deadline;
      until = Optional.of(nanos.getAsLong() + deadline.toNanos());
      allow();
    }

    private synchronized void allow() {
      long most = rate.now();
      if (most > 0) {
        long slow = nanos.getAsLong() + slack.plusSeconds(bytes / most).toNanos();
        until = until.map(so -> Math.max(so, slow));
      }
    }

    /** Whoever is slowed down is given the time for it. */
    synchronized Duration left() {
      return Duration.ofNanos(until.orElse(Long.MAX_VALUE) - nanos.getAsLong());
    }
  }

  /**
   * Sending begins.
   *
   * @param bytes that are to be sent at most
   * @param limits what holds until something else is told
   */
  Sending begin(Header header, long bytes, MoveLimits limits) {
    Sending sending = of(header, limits.bytesPerSecond());
    sending.begins(bytes, limits.deadline());
    return sending;
  }

  private Sending of(Header header, long bytesPerSecond) {
    return sendings.compute(
        header.server(),
        (_, there) ->
            there != null && there.epoch == header.epoch()
                ? there
                : new Sending(header.epoch(), bytesPerSecond));
  }

  /** So fast from now on; 0 is unlimited. */
  void steer(Header header, long bytesPerSecond) {
    if (bytesPerSecond < 0) {
      throw Refusals.invalid("A rate is 0 or more.");
    }
    Sending sending = of(header, bytesPerSecond);
    sending.rate().change(bytesPerSecond);
    sending.allow();
  }

  /** Nothing more is sent of that epoch. */
  void end(Header header) {
    sendings.computeIfPresent(
        header.server(), (_, there) -> there.epoch == header.epoch() ? null : there);
  }
}
