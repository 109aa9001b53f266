package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.State;
import dev.tern.store.StoreTestDatabase;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Only what rows, counts and locks decide; all else is {@link ColdDrainsTest}'s. */
@DisplayName("A drain in PostgreSQL that moves servers cold")
class ColdDrainsStoreTest extends ColdDrainsContract {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  @Override
  Stores stores() {
    return DATABASE;
  }

  @Test
  void begins_each_once_however_many_conductors_look_after_it() {
    DrainWorld world = world(1);
    List<ServerId> servers = List.of(stopped(world), stopped(world));
    DrainRecord drain = world.ask(cold(3));
    List<Drains> conductors = List.of(world.conductor(), world.conductor(), world.conductor());
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < MANY && world.drain(drain).endedAt().isEmpty(); i++) {
        conductors.stream()
            .map(each -> CompletableFuture.runAsync(() -> look(each), threads))
            .toList()
            .forEach(CompletableFuture::join);
        world.arriveAll();
        world.pass(Duration.ofSeconds(1));
      }
    }
    assertThat(world.drain(drain).state()).isEqualTo(State.DRAINED);
    assertThat(all(world))
        .extracting(ColdMigrationRecord::server)
        .containsExactlyInAnyOrderElementsOf(servers);
  }

  private static void look(Drains conductor) {
    try {
      conductor.look();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
