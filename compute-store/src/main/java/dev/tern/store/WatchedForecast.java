package dev.tern.store;

import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import java.time.Duration;
import java.util.Optional;

/**
 * What is expected of a migration before a byte of it has moved: from how much its guest was seen
 * to write, and how fast the link sends. Each disk's mirror sends what the guest writes meanwhile,
 * and each pass of memory what it wrote during the one before; both end only while more is sent
 * than written. The band is from the link's fastest and slowest, and of a guest that writes a
 * quarter less and a quarter more than it did. A guest that nobody watched counts as one that
 * writes nothing, but for the upper end.
 *
 * @param forecast of the time from when it begins, waiting for a turn not included
 * @param converges whether it would end by itself; empty when that cannot be said
 */
public record WatchedForecast(Forecast forecast, Optional<Boolean> converges) {
  /** Of the rate of sending: as in the agent's forecast while data moves. */
  private static final double CONVERGES_BELOW = 0.95;

  /**
   * How far a guest's next minutes are from the second that was watched, as far as anyone knows.
   */
  private static final double LESS = 0.75;

  private static final double MORE = 1.25;

  /** Of the rate of sending: what a guest may write of which nobody knows what it writes. */
  private static final double UNKNOWN = 0.5;

  private static final double NANOS = 1e9;
  private static final long MIB = 1L << 20;

  /** Bytes to move. */
  public record Load(long disk, long memory) {}

  /**
   * Says what can be said.
   *
   * @param writes empty of a guest that was not watched, or not to any use
   */
  public static WatchedForecast of(Load load, Optional<GuestWrites> writes, Link link) {
    Optional<Long> memory = writes.flatMap(GuestWrites::memory);
    if (memory.isEmpty()) {
      return new WatchedForecast(unwatched(load, writes, link), Optional.empty());
    }
    double disk = writes.get().disk();
    Optional<String> tooMuch = tooMuch(memory.get(), disk, link);
    if (tooMuch.isPresent()) {
      return new WatchedForecast(
          new Forecast(Optional.empty(), tooMuch.get(), link.pause(), Optional.of(link.basis())),
          link.measured() ? Optional.of(false) : Optional.empty());
    }
    return new WatchedForecast(
        told(
            link,
            seconds(load, link.fast(), disk * LESS, memory.get() * LESS),
            seconds(load, link.usual(), disk, memory.get()),
            seconds(load, link.slow(), disk * MORE, memory.get() * MORE),
            ""),
        link.measured() ? Optional.of(true) : Optional.empty());
  }

  private static Forecast unwatched(Load load, Optional<GuestWrites> writes, Link link) {
    double disk = writes.map(GuestWrites::disk).orElse(0L);
    double more = Math.max(disk * MORE, link.slow() * UNKNOWN);
    return told(
        link,
        seconds(load, link.fast(), disk * LESS, 0),
        seconds(load, link.usual(), disk, 0),
        seconds(load, link.slow(), more, link.slow() * UNKNOWN),
        "; how much the guest writes is not known");
  }

  private static Optional<String> tooMuch(double memory, double disk, Link link) {
    double most = CONVERGES_BELOW * link.usual();
    if (disk < most && memory < most) {
      return Optional.empty();
    }
    return Optional.of(
        "the guest writes %d MiB of %s a second and some %d MiB are sent: it would not converge without being slowed down, or post-copy"
            .formatted(
                Math.round((disk >= most ? disk : memory) / MIB),
                disk >= most ? "its disks" : "its memory",
                Math.round(link.usual() / MIB)));
  }

  private static Forecast told(
      Link link, double low, double expected, double high, String besides) {
    double aside = link.aside().toNanos() / NANOS;
    Span span =
        new Span(
            time(aside + Math.min(low, expected)),
            time(aside + expected),
            time(aside + Math.max(high, expected)));
    return new Forecast(Optional.of(span), "", link.pause(), Optional.of(link.basis() + besides));
  }

  /**
   * How long the data of a guest takes that writes so much; of one that writes faster than is sent,
   * as long as when it is slowed down to just below that.
   */
  public static Duration takes(Load load, Optional<GuestWrites> writes, double rate) {
    return time(
        seconds(
            load,
            rate,
            writes.map(GuestWrites::disk).orElse(0L),
            writes.flatMap(GuestWrites::memory).orElse(0L)));
  }

  private static double seconds(Load load, double rate, double disk, double memory) {
    double least = (1 - CONVERGES_BELOW) * rate;
    return load.disk() / Math.max(rate - disk, least)
        + load.memory() / Math.max(rate - memory, least);
  }

  private static Duration time(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1e3));
  }
}
