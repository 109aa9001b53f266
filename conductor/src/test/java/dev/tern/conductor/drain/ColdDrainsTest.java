package dev.tern.conductor.drain;

import dev.tern.store.InMemoryStores;
import dev.tern.store.Stores;
import org.junit.jupiter.api.DisplayName;

@DisplayName("A drain that moves servers cold")
class ColdDrainsTest extends ColdDrainsContract {
  private final InMemoryStores stores = new InMemoryStores();

  @Override
  Stores stores() {
    return stores;
  }
}
