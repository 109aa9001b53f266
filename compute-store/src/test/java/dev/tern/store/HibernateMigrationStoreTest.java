package dev.tern.store;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("A live migration in the database")
class HibernateMigrationStoreTest extends MigrationStoreContract {
  @RegisterExtension static final StoreTestDatabase database = new StoreTestDatabase();

  @Override
  Stores stores() {
    return database;
  }
}
