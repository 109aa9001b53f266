package dev.tern.store;

import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.Forecast.Span;
import java.time.Duration;
import java.util.Optional;

/**
 * What is expected of a server's way to another host while its guest does not run: files that the
 * destination lacks are sent before it is shut down; then its disks are read, sent, and compared
 * where they arrive. A drain's plan and a preflight say the same.
 *
 * @param forecast of all of it; its pause is how long nobody runs the guest, and empty of one that
 *     does not run
 * @param says the same in words, with the reason
 */
public record ColdForecast(Forecast forecast, String says) {
  /** With fewer bytes a migration says more of its checks than of the link. */
  private static final Duration LEAST = Duration.ofSeconds(2);

  private static final int PASSES = 3;

  /** Bytes to move: of the disks, and of files below them. */
  public record Load(long disks, long layers) {}

  /**
   * Says it.
   *
   * @param runs whether its guest runs now
   * @param why it does not move while it runs
   */
  public static ColdForecast of(Load load, boolean runs, String why, Link link) {
    Duration down = down(load, link.usual());
    Span span =
        new Span(takes(load, link.fast()), takes(load, link.usual()), takes(load, link.slow()));
    Optional<Duration> pause = runs ? Optional.of(down) : Optional.empty();
    return new ColdForecast(
        new Forecast(Optional.of(span), "", pause, Optional.of(link.basis())),
        runs
            ? "It moves cold, and is down for about %d s. %s".formatted(down.toSeconds(), why)
            : "It moves cold, and stays stopped.");
  }

  /** How long it is expected to take. */
  public Duration takes() {
    return forecast.left().map(Span::expected).orElse(LEAST);
  }

  private static Duration takes(Load load, double rate) {
    return down(load, rate).plus(sending(load.layers(), rate));
  }

  private static Duration down(Load load, double rate) {
    return LEAST.plus(sending(load.disks() * PASSES, rate));
  }

  private static Duration sending(long bytes, double rate) {
    return Duration.ofMillis(Math.round(bytes * 1e3 / rate));
  }
}
