package dev.tern.store;

import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Guarded by itself; outlives {@link InMemoryStores#clear}, as a token outlives a test's rows. */
final class InMemoryTokenStore implements TokenStore {
  private final Map<String, TokenRecord> tokens = new LinkedHashMap<>();

  @Override
  public synchronized void keep(TokenRecord token) {
    if (tokens.putIfAbsent(token.digest(), token) != null) {
      throw new IllegalStateException("a token is kept once");
    }
  }

  @Override
  public synchronized Optional<TokenRecord> find(String digest) {
    return Optional.ofNullable(tokens.get(digest));
  }

  @Override
  public synchronized void remove(String digest) {
    tokens.remove(digest);
  }

  @Override
  public synchronized int purge(Instant before, int most) {
    List<String> over =
        tokens.values().stream()
            .filter(token -> token.expiresAt().isBefore(before))
            .sorted(Comparator.comparing(TokenRecord::expiresAt))
            .limit(most)
            .map(TokenRecord::digest)
            .toList();
    over.forEach(tokens::remove);
    return over.size();
  }
}
