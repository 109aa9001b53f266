package dev.tern.store;

import java.time.Instant;
import java.util.Optional;

/**
 * Tokens that the embedded identity service gave out, so that every copy of the API knows them,
 * also after a restart. What is not here is no token: revoking one is removing it.
 */
public interface TokenStore {
  /** Keeps a token. */
  void keep(TokenRecord token);

  /** The token with this digest, whether its time is over or not. */
  Optional<TokenRecord> find(String digest);

  /** Ends a token; nothing happens when there is none. */
  void remove(String digest);

  /**
   * Forgets tokens that ended before a time.
   *
   * @return how many, at most {@code most}
   */
  int purge(Instant before, int most);

  /**
   * A token.
   *
   * @param digest SHA-256 of the token, 64 hexadecimal digits; the token itself is nowhere
   * @param project empty when it is for none
   * @param credential the application credential it was got with; empty for a password
   * @param fingerprint of what the user proved to be; another one ends the token
   * @param audit ids of this token and of the one that it came from, separated by a space
   */
  record TokenRecord(
      String digest,
      String user,
      String project,
      String credential,
      String fingerprint,
      String audit,
      Instant issuedAt,
      Instant expiresAt) {}
}
