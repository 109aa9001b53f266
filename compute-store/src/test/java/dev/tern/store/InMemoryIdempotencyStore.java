package dev.tern.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Work that fails is expected to have failed before it wrote, as every store in memory does: there
 * is nothing here that takes writes back.
 */
final class InMemoryIdempotencyStore implements IdempotencyStore {
  private final Memory memory;

  InMemoryIdempotencyStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public Claim claim(RequestKey key, String fingerprint, Duration hold, Duration keep) {
    synchronized (memory) {
      IdempotencyKeyEntity known = memory.keys.get(key);
      if (known != null) {
        return known.claim(fingerprint, memory.now, hold, keep);
      }
      IdempotencyKeyEntity row = new IdempotencyKeyEntity();
      row.project = key.project();
      row.caller = key.caller();
      row.key = key.value();
      row.fingerprint = fingerprint;
      row.expiresAt = memory.now.plus(keep);
      memory.keys.put(key, row);
      return new Claim.Mine(row.take(memory.now, hold));
    }
  }

  private Optional<IdempotencyKeyEntity> row(Held held) {
    return Optional.ofNullable(memory.keys.get(held.key())).filter(found -> found.heldBy(held));
  }

  @Override
  public <T> T settle(Held held, Supplier<T> work, Function<T, Answer> answer) {
    synchronized (memory) {
      IdempotencyKeyEntity row = row(held).orElseThrow(() -> new KeyTakenOverException(held.key()));
      if (row.status != null) {
        throw new IllegalStateException("one request does its work once: " + held.key().value());
      }
      T done = work.get();
      row.keep(answer.apply(done));
      return done;
    }
  }

  @Override
  public void finish(Held held, Answer answer) {
    synchronized (memory) {
      row(held)
          .ifPresent(row -> {
            row.keep(answer);
            row.heldUntil = null;
          });
    }
  }

  @Override
  public void giveUp(Held held) {
    synchronized (memory) {
      row(held)
          .ifPresent(row -> {
            if (row.status == null) {
              memory.keys.remove(held.key());
            } else {
              row.heldUntil = null;
            }
          });
    }
  }

  @Override
  public int purge(int most) {
    synchronized (memory) {
      List<RequestKey> over =
          memory.keys.values().stream()
              .filter(row -> !row.expiresAt.isAfter(memory.now))
              .filter(row -> row.heldUntil == null || !row.heldUntil.isAfter(memory.now))
              .limit(most)
              .map(IdempotencyKeyEntity::key)
              .toList();
      over.forEach(memory.keys::remove);
      return over.size();
    }
  }
}
