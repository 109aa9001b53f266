package dev.tern.conductor.drain;

import dev.tern.store.StoreTestDatabase;
import dev.tern.store.Stores;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("A drain in PostgreSQL that moves servers cold")
class ColdDrainsStoreTest extends ColdDrainsContract {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  @Override
  Stores stores() {
    return DATABASE;
  }
}
