package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.store.ClusterFiguresStore.ClusterFigures;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.MigrationStore.NewMigration;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("The figures of a cluster")
class ClusterFiguresStoreTest {
  @RegisterExtension static final StoreTestDatabase database = new StoreTestDatabase();

  private static final Duration DOWN_AFTER = Duration.ofMinutes(1);
  private final Samples samples = new Samples(() -> database);

  @Test
  void count_what_is_there() {
    ClusterFigures before = read();
    samples.host(new HostName("here"));
    samples.host(new HostName("there"));
    assertThat(database.hosts().setForcedDown(new HostName("there"), true)).isTrue();
    assertThat(database.hosts().setDisabled(new HostName("there"), true, Optional.empty()))
        .isTrue();
    database.hosts().beat("nova-conductor", "one");
    ServerStore.ServerRecord server = samples.active(new HostName("here"));
    var _ =
        database
            .migrations()
            .requestLiveMigration(
                new NewMigration(
                    new MigrationId(UUID.randomUUID()),
                    server.id(),
                    Optional.empty(),
                    BlockMigration.AUTO,
                    Optional.empty()),
                Samples.request());

    ClusterFigures figures = read();

    assertThat(figures.hosts()).containsEntry("forced_down", 1L);
    assertThat(more(before, figures, ClusterFigures::hosts, "up")).isOne();
    assertThat(figures.disabled() - before.disabled()).isOne();
    assertThat(figures.services()).containsEntry("conductor up", 1L);
    assertThat(more(before, figures, ClusterFigures::servers, "active")).isOne();
    assertThat(figures.migrations()).containsEntry("accepted", 1L);
    assertThat(figures.inDoubt()).isZero();
    assertThat(figures.sagas()).containsKey("waiting");
    assertThat(figures.oldestWaiting()).isPositive();
    assertThat(figures.outbox()).isPositive();
    assertThat(figures.outboxAge()).isPositive();
  }

  @Test
  void count_drains_and_those_past_their_deadline() {
    samples.host(new HostName("full"));
    var _ = samples.active(new HostName("full"));
    Wishes late =
        new Wishes(
            Optional.of(Instant.EPOCH),
            Limits.NONE,
            Sequence.SMALLEST_FIRST,
            List.of(),
            OnCannotMove.LEAVE,
            Set.of());
    var _ =
        database
            .drains()
            .request(
                new NewDrain(UUID.randomUUID(), new HostName("full"), late, false),
                Samples.request());

    assertThat(read().drains()).containsEntry("draining", 1L).containsEntry("late", 1L);
  }

  private static long more(
      ClusterFigures before,
      ClusterFigures after,
      Function<ClusterFigures, Map<String, Long>> counts,
      String word) {
    return counts.apply(after).getOrDefault(word, 0L) - counts.apply(before).getOrDefault(word, 0L);
  }

  private static ClusterFigures read() {
    return database.clusterFigures().read(DOWN_AFTER);
  }
}
