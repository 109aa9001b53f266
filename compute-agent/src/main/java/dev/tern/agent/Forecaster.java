package dev.tern.agent;

import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * What the measurements of the last seconds say of the time that is left. Only what was measured
 * counts: without enough of it, or when the guest makes work as fast as it is done, it says that
 * nothing can be said, and why.
 *
 * <p>Disks: what remains, by how fast it shrinks. Memory: each pass sends what the guest wrote
 * during the one before, so it takes {@code remaining / (sent − dirtied)} a second in all. The band
 * comes from the slowest and fastest stretch within the window.
 */
final class Forecaster {
  private static final Duration WINDOW = Duration.ofSeconds(8);
  private static final Duration ENOUGH = Duration.ofMillis(400);

  /** Mirror drain, device state and both ends of the pause, as measured; see docs. */
  static final Duration DEVICE_STATE = Duration.ofMillis(20);

  /** Of the rate of sending: a guest that writes more never ends. */
  private static final double CONVERGES_BELOW = 0.95;

  /** A stretch this much faster or slower than the whole window is believed to be an accident. */
  private static final double SPREAD = 4;

  private static final double NANOS = 1e9;
  private static final double LONGEST = 365.0 * 86_400;
  private static final long MIB = 1L << 20;

  private final Duration downtimeLimit;
  private final Deque<Measurement> window = new ArrayDeque<>();

  /**
   * @param downtimeLimit for the last pass of memory; QEMU stops the guest when it expects less
   */
  Forecaster(Duration downtimeLimit) {
    this.downtimeLimit = downtimeLimit;
  }

  /** Takes a measurement, and answers what it and those before it say. */
  Forecast after(Measurement now) {
    if (!window.isEmpty() && startsAnew(now)) {
      window.clear();
    }
    window.addLast(now);
    while (window.getFirst().at().plus(WINDOW).compareTo(now.at()) < 0) {
      window.removeFirst();
    }
    Measurement first = window.getFirst();
    if (now.at().minus(first.at()).compareTo(ENOUGH) < 0) {
      return Forecast.unknown("too little has been measured yet");
    }
    return now.memoryMoves() ? memory(first, now) : disks(first, now);
  }

  /** Disks and memory have rates of their own, and a step that begins again counts from nothing. */
  private boolean startsAnew(Measurement now) {
    Measurement last = window.getLast();
    return now.memoryMoves() != last.memoryMoves()
        || now.diskProcessed() < last.diskProcessed()
        || now.memoryProcessed() < last.memoryProcessed()
        || now.at().compareTo(last.at()) < 0;
  }

  private Forecast disks(Measurement first, Measurement now) {
    double copied = rate(first, now, now.diskProcessed() - first.diskProcessed());
    if (now.diskRemaining() > 0 && copied <= 0) {
      return Forecast.unknown("no byte of the disks was copied in the last seconds");
    }
    double shrinks = rate(first, now, first.diskRemaining() - now.diskRemaining());
    if (now.diskRemaining() > 0 && shrinks <= (1 - CONVERGES_BELOW) * copied) {
      return Forecast.unknown(
          "the guest writes its disks as fast as they are copied, %d MiB/s"
              .formatted(Math.round(copied / MIB)));
    }
    if (copied <= 0) {
      return Forecast.unknown("the disks are alike, and memory does not move yet");
    }
    Rates rates = diskRates(copied);
    double slower = Math.max(shrinks - (copied - rates.low()), shrinks / SPREAD);
    double faster = Math.min(shrinks + (rates.high() - copied), shrinks * SPREAD);
    double disk = now.diskRemaining();
    double memory = now.memoryRemaining();
    // Memory takes the same way as the disks; how often it must be sent again is not known yet.
    return told(
        part(disk, faster) + memory / rates.high() / 2,
        part(disk, shrinks) + memory / copied,
        part(disk, slower) + 3 * memory / rates.low(),
        downtimeLimit);
  }

  private static double part(double bytes, double rate) {
    return bytes <= 0 ? 0 : bytes / rate;
  }

  private Forecast memory(Measurement first, Measurement now) {
    double sent = rate(first, now, now.memoryProcessed() - first.memoryProcessed());
    if (sent <= 0) {
      return Forecast.unknown("no byte of memory was sent in the last seconds");
    }
    double dirtied = now.passes() > 1 ? now.dirtyBytesPerSecond() : 0;
    double lastPass = sent * downtimeLimit.toNanos() / NANOS;
    double left = Math.max(0, now.memoryRemaining() + now.diskRemaining());
    if (dirtied >= CONVERGES_BELOW * sent && left > lastPass) {
      return Forecast.unknown(
          "the guest writes %d MiB of memory a second and %d MiB are sent: it does not converge"
              .formatted(Math.round(dirtied / MIB), Math.round(sent / MIB)));
    }
    Rates rates = memoryRates(sent);
    double net = Math.max(sent - dirtied, (1 - CONVERGES_BELOW) * sent);
    double slower = Math.max(rates.low() - dirtied, net / SPREAD);
    // While nothing was sent twice, nobody knows how much will be.
    double again = now.passes() > 1 ? 1 : 3;
    Duration pause = seconds(Math.min(left, lastPass) / sent);
    return told(left / rates.high(), left / net, again * left / slower, pause);
  }

  private static Forecast told(double low, double expected, double high, Duration pause) {
    Duration middle = seconds(expected);
    return new Forecast(
        Optional.of(
            new Span(least(seconds(low), middle), middle, seconds(Math.max(high, expected)))),
        "",
        Optional.of(pause.plus(DEVICE_STATE)));
  }

  private static Duration least(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  private static Duration seconds(double seconds) {
    return Duration.ofMillis(Math.round(Math.min(seconds, LONGEST) * 1e3));
  }

  private record Rates(double low, double high) {}

  private Rates diskRates(double whole) {
    return rates(whole, Measurement::diskProcessed);
  }

  private Rates memoryRates(double whole) {
    return rates(whole, Measurement::memoryProcessed);
  }

  /** The slowest and the fastest stretch, of those long enough to say anything. */
  private Rates rates(double whole, java.util.function.ToLongFunction<Measurement> bytes) {
    double low = whole;
    double high = whole;
    Measurement from = window.getFirst();
    for (Measurement to : window) {
      if (to.at().minus(from.at()).compareTo(ENOUGH) >= 0) {
        double rate = rate(from, to, bytes.applyAsLong(to) - bytes.applyAsLong(from));
        low = Math.min(low, rate);
        high = Math.max(high, rate);
        from = to;
      }
    }
    return new Rates(Math.max(low, whole / SPREAD), Math.min(high, whole * SPREAD));
  }

  private static double rate(Measurement from, Measurement to, long bytes) {
    return bytes * NANOS / Math.max(1, to.at().minus(from.at()).toNanos());
  }
}
