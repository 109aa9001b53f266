package dev.tern.store;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Public keys of users, by name. A private key is nobody's but its user's, and is never here. */
public interface KeyPairStore {
  Optional<KeyPairRecord> find(String user, String name);

  /**
   * A user's keys by name; keyset paging after {@code marker}, a name.
   *
   * @throws dev.tern.contract.ComputeException {@code INVALID_INPUT} when the marker is no key
   */
  List<KeyPairRecord> list(String user, Optional<String> marker, int limit);

  /**
   * Keeps a key, if the user may have one more; of two at once that would be one too many, one is
   * refused.
   *
   * @param most keys of one user; negative for any number
   * @throws dev.tern.contract.ComputeException {@code KEY_PAIR_EXISTS}, or {@code QUOTA_EXCEEDED}
   */
  KeyPairRecord create(String user, PublicKey key, String fingerprint, long most);

  /** False when there is none of that name. Servers keep the key they were made with. */
  boolean delete(String user, String name);

  /**
   * A key under a name.
   *
   * @param type {@code ssh} or {@code x509}
   * @param text as its user gave it
   */
  record PublicKey(String name, String type, String text) {}

  record KeyPairRecord(
      long number, String user, PublicKey key, String fingerprint, Instant createdAt) {}
}
