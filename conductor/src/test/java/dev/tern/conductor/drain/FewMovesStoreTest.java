package dev.tern.conductor.drain;

import dev.tern.store.StoreTestDatabase;
import dev.tern.store.Stores;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("Jobs that move a few servers, in PostgreSQL,")
class FewMovesStoreTest extends FewMovesContract {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  @Override
  Stores stores() {
    return DATABASE;
  }
}
