package dev.tern.store;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;

@DisplayName("In memory")
class InMemoryStoresTest {
  private final InMemoryStores stores = new InMemoryStores();

  @Nested
  @DisplayName("a server")
  class Servers extends ServerStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a living server")
  class Life extends ServerLifeContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a live migration")
  class Migrations extends MigrationStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("the queue of migrations")
  class Queue extends TurnStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a drain")
  class Drains extends DrainStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a disk copy")
  class Copies extends DiskCopyStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a volume")
  class Volumes extends VolumeStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a cold migration")
  class ColdMigrations extends ColdMigrationStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("an evacuation")
  class Evacuations extends EvacuationStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a saga")
  class Sagas extends SagaStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a claim")
  class Claimed extends ClaimStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a token")
  class Tokens extends TokenStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a key")
  class Keys extends IdempotencyStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("an audit trail")
  class Trail extends AuditTrailStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a dead letter")
  class Letters extends DeadLetterStoreContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("of the rest")
  class Others extends OtherStoresContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a limit")
  class Limits extends ProjectStoresContract {
    @Override
    Stores stores() {
      return stores;
    }
  }

  @Nested
  @DisplayName("a group")
  class Grouped extends GroupStoresContract {
    @Override
    Stores stores() {
      return stores;
    }
  }
}
