package dev.tern.store;

import dev.tern.contract.dead.DeadLetter;
import dev.tern.store.Requests.Refusals;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

final class InMemoryDeadLetterStore implements DeadLetterStore {
  private final Memory memory;

  InMemoryDeadLetterStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public boolean keep(DeadLetter letter) {
    synchronized (memory) {
      if (memory.letters.values().stream().anyMatch(l -> l.digest.equals(letter.digest()))) {
        return false;
      }
      DeadLetterEntity entity = DeadLetterEntity.of(memory.nextId(), letter, memory.now);
      entity.number = memory.nextNumber();
      memory.letters.put(entity.id, entity);
      return true;
    }
  }

  @Override
  public Optional<KeptLetter> find(UUID id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.letters.get(id)).map(DeadLetterEntity::toRecord);
    }
  }

  @Override
  public List<KeptLetter> list(Optional<UUID> marker, int limit) {
    synchronized (memory) {
      long before =
          marker
              .map(id ->
                  Optional.ofNullable(memory.letters.get(id))
                      .orElseThrow(() -> Refusals.noMarker(id))
                      .number)
              .orElse(Long.MAX_VALUE);
      return memory.letters.values().stream()
          .filter(each -> each.number < before)
          .sorted(Comparator.comparingLong((DeadLetterEntity each) -> each.number).reversed())
          .limit(limit)
          .map(DeadLetterEntity::toRecord)
          .map(InMemoryDeadLetterStore::cut)
          .toList();
    }
  }

  private static KeptLetter cut(KeptLetter kept) {
    DeadLetter whole = kept.letter();
    byte[] body = whole.body();
    return new KeptLetter(
        kept.id(),
        new DeadLetter(
            whole.digest(),
            whole.queue(),
            whole.routingKey(),
            whole.type(),
            whole.reason(),
            whole.why(),
            whole.attempts(),
            whole.headers(),
            Arrays.copyOf(body, Math.min(body.length, LONGEST_LISTED)),
            whole.bodyBytes(),
            whole.diedAt()),
        kept.foundAt());
  }

  @Override
  public boolean remove(UUID id) {
    synchronized (memory) {
      return memory.letters.remove(id) != null;
    }
  }

  @Override
  public int discard(Bounds bounds) {
    synchronized (memory) {
      List<DeadLetterEntity> newest =
          memory.letters.values().stream()
              .sorted(Comparator.comparingLong((DeadLetterEntity each) -> each.number).reversed())
              .toList();
      long bytes = 0;
      int gone = 0;
      for (int place = 1; place <= newest.size(); place++) {
        DeadLetterEntity letter = newest.get(place - 1);
        bytes += letter.body.length;
        boolean old =
            bounds.keep().isPositive() && letter.foundAt.isBefore(memory.now.minus(bounds.keep()));
        if (place > bounds.most() || bytes > bounds.mostBytes() || old) {
          memory.letters.remove(letter.id);
          gone++;
        }
      }
      return gone;
    }
  }

  @Override
  public long count() {
    synchronized (memory) {
      return memory.letters.size();
    }
  }
}
