package dev.tern.store;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

final class InMemoryOutboxStore implements OutboxStore {
  private final Memory memory;

  InMemoryOutboxStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public List<Entry> take(int limit, Duration hold) {
    synchronized (memory) {
      List<OutboxEntity> free =
          memory.outbox.values().stream()
              .filter(each -> each.takenUntil == null || !each.takenUntil.isAfter(memory.now))
              .limit(limit)
              .toList();
      free.forEach(each -> each.takenUntil = memory.now.plus(hold));
      return free.stream()
          .map(each ->
              new Entry(
                  Objects.requireNonNull(each.number),
                  each.exchange,
                  each.routingKey,
                  each.type,
                  each.body))
          .toList();
    }
  }

  @Override
  public void sent(List<Long> numbers) {
    synchronized (memory) {
      numbers.forEach(memory.outbox::remove);
    }
  }

  @Override
  public long waiting() {
    synchronized (memory) {
      return memory.outbox.size();
    }
  }
}
