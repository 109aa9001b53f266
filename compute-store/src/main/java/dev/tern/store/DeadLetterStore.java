package dev.tern.store;

import dev.tern.contract.dead.DeadLetter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Messages that nobody could handle, until a person has dealt with them. */
public interface DeadLetterStore {
  /**
   * Keeps a letter. One that is kept already, by its digest, is not kept twice.
   *
   * @return whether it is a new one
   */
  boolean keep(DeadLetter letter);

  Optional<KeptLetter> find(UUID id);

  /**
   * Newest first, each with no more than the beginning of its body.
   *
   * @param marker the last one of the page before; one that is gone by now is refused
   * @throws dev.tern.contract.ComputeException {@code INVALID_INPUT} for an unknown marker
   */
  List<KeptLetter> list(Optional<UUID> marker, int limit);

  /** Of a body in a list, in bytes. */
  int LONGEST_LISTED = 16 << 10;

  /** Whether it was there. */
  boolean remove(UUID id);

  long count();

  /**
   * Discards the oldest, until what is left is within the bounds.
   *
   * @return how many went; without those that somebody else is removing at the moment
   */
  int discard(Bounds bounds);

  /**
   * What is kept at most.
   *
   * @param most letters
   * @param mostBytes of all bodies as they are kept
   * @param keep since a letter was found; zero for ever
   */
  record Bounds(int most, long mostBytes, Duration keep) {}

  /** A letter, and when it was found at the broker. */
  record KeptLetter(UUID id, DeadLetter letter, Instant foundAt) {}
}
