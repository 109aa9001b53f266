package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.StoreTestDatabase;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("A drain in PostgreSQL")
class DrainsStoreTest extends DrainsContract {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  @Override
  Stores stores() {
    return DATABASE;
  }

  @Test
  void is_one_however_many_conductors_look_after_it() {
    DrainWorld world = new DrainWorld(DATABASE, 2);
    List<ServerId> servers = Stream.generate(world::server).limit(6).toList();
    DrainRecord drain = world.ask(Wishes.NONE);
    List<Drains> conductors = List.of(world.conductor(), world.conductor(), world.conductor());
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 30 && world.drain(drain).endedAt().isEmpty(); i++) {
        List<CompletableFuture<Void>> looks =
            conductors.stream()
                .map(each -> CompletableFuture.runAsync(() -> look(each), threads))
                .toList();
        looks.forEach(CompletableFuture::join);
        assertThat(world.moving()).hasSizeLessThanOrEqualTo(2);
        world.arriveAll();
        world.pass(Duration.ofSeconds(1));
      }
    }
    assertThat(world.drain(drain).state()).isEqualTo(State.DRAINED);
    assertThat(world.all(_ -> true)).hasSize(6);
    servers.forEach(
        server -> assertThat(world.row(drain, server).state()).isEqualTo(ServerState.MOVED));
  }

  private static void look(Drains conductor) {
    try {
      conductor.look();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void asked_for_many_times_at_once_is_one() {
    DrainWorld world = new DrainWorld(DATABASE, 1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<DrainRecord>> asked =
          IntStream.range(0, 8)
              .mapToObj(_ -> CompletableFuture.supplyAsync(() -> world.ask(Wishes.NONE), threads))
              .toList();
      assertThat(asked.stream().map(CompletableFuture::join).map(DrainRecord::id).distinct())
          .hasSize(1);
    }
  }
}
