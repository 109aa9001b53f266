package dev.tern.conductor.drain;

import dev.tern.store.InMemoryStores;
import dev.tern.store.Stores;
import org.junit.jupiter.api.DisplayName;

@DisplayName("Jobs that move a few servers")
class FewMovesTest extends FewMovesContract {
  private final InMemoryStores stores = new InMemoryStores();

  @Override
  Stores stores() {
    return stores;
  }
}
