package dev.tern.store;

import dev.tern.store.Requests.Refusals;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

final class InMemoryKeyPairStore implements KeyPairStore {
  private final Memory memory;

  InMemoryKeyPairStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public Optional<KeyPairRecord> find(String user, String name) {
    synchronized (memory) {
      return memory.keyPairs.stream()
          .filter(each -> each.user().equals(user) && each.key().name().equals(name))
          .findFirst();
    }
  }

  @Override
  public List<KeyPairRecord> list(String user, Optional<String> marker, int limit) {
    synchronized (memory) {
      if (marker.isPresent() && find(user, marker.get()).isEmpty()) {
        throw Refusals.noMarker(marker.get());
      }
      return memory.keyPairs.stream()
          .filter(each -> each.user().equals(user))
          .filter(each -> each.key().name().compareTo(marker.orElse("")) > 0)
          .sorted(Comparator.comparing(each -> each.key().name()))
          .limit(limit)
          .toList();
    }
  }

  @Override
  public KeyPairRecord create(String user, PublicKey key, String fingerprint, long most) {
    synchronized (memory) {
      if (find(user, key.name()).isPresent()) {
        throw HibernateKeyPairStore.exists(key.name());
      }
      if (most >= 0
          && memory.keyPairs.stream().filter(each -> each.user().equals(user)).count() >= most) {
        throw HibernateKeyPairStore.tooMany();
      }
      KeyPairRecord made =
          new KeyPairRecord(memory.keyPairs.size() + 1L, user, key, fingerprint, memory.now);
      memory.keyPairs.add(made);
      return made;
    }
  }

  @Override
  public boolean delete(String user, String name) {
    synchronized (memory) {
      return memory.keyPairs.removeIf(
          each -> each.user().equals(user) && each.key().name().equals(name));
    }
  }
}
