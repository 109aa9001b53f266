package dev.tern.client;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Looks at something until it is as wished. An API that is away for a while ends no wait. */
final class Waiting {
  private static final Duration LOOK = Duration.ofMillis(500);

  private final Pace pace;
  private final Duration longest;

  Waiting(Pace pace, Duration longest) {
    this.pace = pace;
    this.longest = longest;
  }

  /** One look. */
  interface Look {
    JsonNode look() throws IOException, InterruptedException;
  }

  /**
   * The first look that is as wished.
   *
   * @param seen hears of each look, also of the last
   * @throws LateException when none was in time
   * @throws NoAnswerException when the time is over and the last look had no answer
   */
  JsonNode until(String what, Look look, Predicate<JsonNode> wished, Consumer<JsonNode> seen)
      throws IOException, InterruptedException {
    long start = pace.nanos();
    while (true) {
      @Nullable NoAnswerException none = null;
      try {
        JsonNode now = look.look();
        seen.accept(now);
        if (wished.test(now)) {
          return now;
        }
      } catch (NoAnswerException e) {
        none = e;
      }
      Duration left = longest.minusNanos(pace.nanos() - start);
      if (!left.isPositive()) {
        if (none != null) {
          throw none;
        }
        throw new LateException("Waited %d s in vain: %s.".formatted(longest.toSeconds(), what));
      }
      pace.pause(left.compareTo(LOOK) < 0 ? left : LOOK);
    }
  }
}
