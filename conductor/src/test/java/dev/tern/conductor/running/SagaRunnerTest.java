package dev.tern.conductor.running;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.Parked;
import dev.tern.contract.HostName;
import dev.tern.contract.conductor.Outbox;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.Samples;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A saga that runs here")
class SagaRunnerTest {
  private static final HostName HOST = new HostName("host-1");

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);

  @Test
  @Tag("S88")
  void sees_an_abort_when_it_is_woken_and_not_a_second_later() throws Exception {
    samples.host(HOST);
    MigrationRecord migration = samples.accepted(samples.active(HOST).id());
    CountDownLatch runs = new CountDownLatch(1);
    CountDownLatch woken = new CountDownLatch(1);
    CompletableFuture<Boolean> before = new CompletableFuture<>();
    CompletableFuture<Boolean> after = new CompletableFuture<>();
    SagaRunner.Teller teller =
        (saga, bell) -> {
          // Time stands still: no look is due by itself.
          Hold hold = new Hold(stores.sagas(), saga.lease(), () -> Duration.ZERO, () -> {}, bell);
          before.complete(hold.abortAsked());
          runs.countDown();
          boolean told = woken.await(20, TimeUnit.SECONDS);
          after.complete(told && hold.abortAsked());
        };
    try (SagaRunner runner =
        new SagaRunner(stores.sagas(), teller, "conductor", Duration.ofSeconds(30), 1)) {
      runner.wake(migration.saga());
      assertThat(runs.await(20, TimeUnit.SECONDS)).isTrue();
      stores.migrations().requestAbort(migration.server(), migration.number(), Samples.request());
      // There is no place left, and none is needed.
      runner.wake(migration.saga());
      woken.countDown();
      assertThat(after.get(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(before.get()).isFalse();
  }

  /** The time stands still, so that no lease ends and no look around is due. */
  @Test
  void goes_on_elsewhere_at_once_when_its_conductor_is_told_to_stop() throws Exception {
    samples.host(HOST);
    MigrationRecord migration = samples.accepted(samples.active(HOST).id());
    List<Long> first =
        stores.outbox().take(100, Duration.ofSeconds(30)).stream()
            .map(Outbox.Entry::number)
            .toList();
    stores.outbox().sent(first);
    CountDownLatch runs = new CountDownLatch(1);
    CompletableFuture<SagaRecord> elsewhere = new CompletableFuture<>();
    SagaRunner stopping =
        new SagaRunner(
            stores.sagas(),
            (_, _) -> {
              runs.countDown();
              new CountDownLatch(1).await();
            },
            "first",
            Duration.ofSeconds(30),
            1);
    try (stopping;
        SagaRunner other =
            new SagaRunner(
                stores.sagas(),
                (saga, _) -> elsewhere.complete(saga),
                "second",
                Duration.ofSeconds(30),
                1)) {
      stopping.wake(migration.saga());
      assertThat(runs.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(stores.sagas().lease(migration.saga(), "too early", Duration.ofSeconds(30)))
          .isEmpty();
      stopping.close();
      List<Outbox.Entry> owed = stores.outbox().take(100, Duration.ofSeconds(30));
      assertThat(owed).hasSize(1);
      assertThat(owed.getFirst().body()).contains(migration.saga().toString());
      other.wake(migration.saga());
      assertThat(elsewhere.get(20, TimeUnit.SECONDS).id()).isEqualTo(migration.saga());
    }
  }

  @Test
  @Tag("S84")
  void leaves_its_place_to_others_while_it_waits_for_its_turn() throws Exception {
    samples.host(HOST);
    MigrationRecord waits = samples.accepted(samples.active(HOST).id());
    MigrationRecord other = samples.accepted(samples.active(HOST).id());
    CompletableFuture<UUID> otherRuns = new CompletableFuture<>();
    CompletableFuture<Boolean> goesOn = new CompletableFuture<>();
    AtomicInteger asked = new AtomicInteger();
    SagaRunner.Teller teller =
        (saga, _) -> {
          if (saga.id().equals(other.saga())) {
            otherRuns.complete(saga.id());
            new CountDownLatch(1).await();
          } else if (asked.incrementAndGet() > 2) {
            goesOn.complete(true);
          } else {
            throw new Parked();
          }
        };
    try (SagaRunner runner =
        new SagaRunner(stores.sagas(), teller, "conductor", Duration.ofSeconds(30), 2)) {
      runner.wake(waits.saga());
      assertThat(otherRuns.get(20, TimeUnit.SECONDS)).isEqualTo(other.saga());
      while (asked.get() < 3) {
        runner.wake(waits.saga());
      }
      assertThat(goesOn.get(20, TimeUnit.SECONDS)).isTrue();
    }
  }
}
