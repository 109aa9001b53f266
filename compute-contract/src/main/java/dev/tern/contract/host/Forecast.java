package dev.tern.contract.host;

import com.fasterxml.jackson.annotation.JsonCreator;
import java.time.Duration;
import java.util.Optional;

/**
 * What is expected of a migration.
 *
 * @param left until the guest runs at its destination; empty when that cannot be said
 * @param reason why it cannot be said, for people; empty when it can
 * @param pause of the guest at the switch, as far as it can be said
 * @param basis what it rests on, for people; empty of one that rests on what moves just now
 */
public record Forecast(
    Optional<Span> left, String reason, Optional<Duration> pause, Optional<String> basis) {
  @JsonCreator
  public Forecast {}

  /** Of what was measured while it moves. */
  public Forecast(Optional<Span> left, String reason, Optional<Duration> pause) {
    this(left, reason, pause, Optional.empty());
  }

  /** Nothing can be said, for a reason. */
  public static Forecast unknown(String reason) {
    return new Forecast(Optional.empty(), reason, Optional.empty());
  }

  /**
   * A time and how far it may be off. {@code low} is at most {@code expected}, that {@code high}.
   */
  public record Span(Duration low, Duration expected, Duration high) {
    public Span {
      if (low.isNegative() || low.compareTo(expected) > 0 || expected.compareTo(high) > 0) {
        throw new IllegalArgumentException("%s, %s, %s".formatted(low, expected, high));
      }
    }
  }
}
