package dev.tern.api.request;

import dev.tern.api.errors.HttpFailure;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A bucket of requests per project, in this copy of the API. A project that was not seen for
 * longest is forgotten first, which fills its bucket.
 */
public final class RateLimits {
  private static final int MOST = 100_000;

  private final RateLimitSettings settings;
  private final Clock clock;
  private final Map<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true);

  /** What was left at a time; fractions count. */
  private record Bucket(double left, Instant at) {}

  public RateLimits(RateLimitSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * Takes one request out of the project's bucket.
   *
   * @throws HttpFailure 429 saying when to come again; nothing is taken then
   */
  void take(String project) {
    if (settings.perSecond() == 0) {
      return;
    }
    double missing = missing(project, clock.instant());
    if (missing > 0) {
      long wait = Math.max(1, (long) Math.ceil(missing / settings.perSecond()));
      throw new HttpFailure(
          429,
          "This project sends too many requests: %d a second are allowed. Come again in %d s."
              .formatted(settings.perSecond(), wait),
          Map.of("Retry-After", Long.toString(wait)));
    }
  }

  private synchronized double missing(String project, Instant now) {
    Bucket before = buckets.getOrDefault(project, new Bucket(settings.burst(), now));
    double seconds = Math.max(0, Duration.between(before.at(), now).toNanos() / 1e9);
    double left = Math.min(settings.burst(), before.left() + seconds * settings.perSecond());
    boolean enough = left >= 1;
    buckets.put(project, new Bucket(enough ? left - 1 : left, now));
    if (buckets.size() > MOST) {
      buckets.remove(buckets.keySet().iterator().next());
    }
    return enough ? 0 : 1 - left;
  }
}
