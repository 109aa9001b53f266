package dev.tern.api.keystone;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What was said of tokens, by their digests: no token is kept. Bounded; the least used go first.
 */
final class TokenCache<T> {
  private final int most;
  private final Map<String, Entry<T>> entries = new LinkedHashMap<>(16, 0.75f, true);

  private record Entry<T>(T value, Instant until) {}

  TokenCache(int most) {
    this.most = most;
  }

  synchronized Optional<T> find(String token, Instant now) {
    String key = digest(token);
    Entry<T> entry = entries.get(key);
    if (entry == null) {
      return Optional.empty();
    }
    if (!now.isBefore(entry.until())) {
      entries.remove(key);
      return Optional.empty();
    }
    return Optional.of(entry.value());
  }

  /** Nothing is kept whose time is over. */
  synchronized void keep(String token, T value, Instant now, Instant until) {
    if (!now.isBefore(until)) {
      return;
    }
    entries.put(digest(token), new Entry<>(value, until));
    if (entries.size() > most) {
      entries.remove(entries.keySet().iterator().next());
    }
  }

  synchronized int size() {
    return entries.size();
  }

  private static String digest(String token) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
