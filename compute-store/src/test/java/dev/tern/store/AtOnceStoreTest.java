package dev.tern.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.conductor.Outbox;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("Of many who write at once")
class AtOnceStoreTest {
  private static final int THREADS = 16;
  private static final long DEADLINE = 60;

  @RegisterExtension static final StoreTestDatabase stores = new StoreTestDatabase();

  private final Samples samples = new Samples(() -> stores);

  private HostName host() {
    HostName host = new HostName("host-" + UUID.randomUUID());
    samples.host(host);
    return host;
  }

  /** Runs them at the same moment and returns what each returned. */
  private static <T> List<T> atOnce(List<Callable<T>> works) throws Exception {
    CyclicBarrier start = new CyclicBarrier(works.size());
    try (ExecutorService threads = Executors.newFixedThreadPool(works.size())) {
      List<Future<T>> running = new ArrayList<>();
      for (Callable<T> work : works) {
        running.add(
            threads.submit(() -> {
              int _ = start.await(DEADLINE, SECONDS);
              return work.call();
            }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> each : running) {
        results.add(each.get(DEADLINE, SECONDS));
      }
      return results;
    }
  }

  private static <T> List<T> atOnce(int times, Callable<T> work) throws Exception {
    return atOnce(Collections.nCopies(times, work));
  }

  @RepeatedTest(5)
  @Tag("S114")
  void exactly_one_request_to_migrate_a_server_wins() throws Exception {
    ServerRecord guest = samples.active(host());
    List<Optional<String>> refusals =
        atOnce(
            THREADS,
            () -> {
              try {
                MigrationRecord _ = samples.accepted(guest.id());
                return Optional.empty();
              } catch (ComputeException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
                return Optional.of(e.explanation());
              }
            });
    assertThat(refusals).filteredOn(Optional::isEmpty).hasSize(1);
    assertThat(refusals)
        .filteredOn(Optional::isPresent)
        .containsOnly(
            Optional.of(
                "Cannot 'os-migrateLive' instance %s while it is in task_state migrating"
                    .formatted(guest.id())));
    assertThat(stores.servers().find(guest.id()).orElseThrow().epoch())
        .isEqualTo(guest.epoch() + 1);
  }

  @RepeatedTest(5)
  void exactly_one_conductor_leases_a_saga() throws Exception {
    ServerId server =
        stores.servers().requestCreate(Samples.server("s", "sea"), Samples.request()).id();
    Lease lease = samples.lease(server);
    stores.sagas().giveBack(lease);
    List<Optional<SagaRecord>> leases =
        atOnce(THREADS, () -> stores.sagas().lease(lease.saga(), "c", Samples.LEASE));
    assertThat(leases).filteredOn(Optional::isPresent).hasSize(1);
  }

  @RepeatedTest(3)
  void exactly_one_delete_is_queued() throws Exception {
    ServerRecord guest = samples.active(host());
    List<Long> epochs =
        atOnce(
            THREADS, () -> stores.servers().requestDelete(guest.id(), Samples.request()).epoch());
    assertThat(epochs).containsOnly(guest.epoch() + 1);
    assertThat(stores.actions().list(guest.id())).hasSize(2);
  }

  @Test
  @Tag("S99")
  void claims_never_take_more_than_a_host_has() throws Exception {
    List<HostName> hosts = List.of(host(), host(), host());
    Resources limits = new Resources(100, 100L * 128, 1L << 60);
    List<ServerId> servers =
        IntStream.range(0, THREADS)
            .mapToObj(i ->
                stores
                    .servers()
                    .requestCreate(Samples.server("s" + i, "sea"), Samples.request())
                    .id())
            .toList();
    long seed = System.nanoTime();
    List<Callable<Integer>> works = new ArrayList<>();
    for (int thread = 0; thread < THREADS; thread++) {
      Random random = new Random(seed + thread);
      ServerId server = servers.get(thread);
      works.add(() -> claimMany(hosts, limits, server, random));
    }
    int won = atOnce(works).stream().mapToInt(Integer::intValue).sum();
    assertThat(won).as("seed %d", seed).isEqualTo(300);
    for (HostName host : hosts) {
      assertThat(stores.hosts().find(host, Duration.ofMinutes(1)).orElseThrow().claimed())
          .as("seed %d", seed)
          .isEqualTo(new Resources(100, 100L * 128, 100L << 30));
    }
    List<ClaimRecord> all =
        servers.stream().flatMap(server -> stores.claims().of(server).stream()).toList();
    assertThat(all).hasSize(300);
  }

  /** 63 each, in random order of hosts, every one asked for twice: 1,008 claims for 300 places. */
  private static int claimMany(
      List<HostName> hosts, Resources limits, ServerId server, Random random) {
    int won = 0;
    for (int i = 0; i < 63; i++) {
      ClaimId id = new ClaimId(UUID.randomUUID());
      List<HostName> order = new ArrayList<>(hosts);
      Collections.shuffle(order, random);
      Stream<HostName> twice = Stream.concat(order.stream(), order.stream());
      boolean claimed =
          twice
                  .filter(host ->
                      stores.claims().claim(id, server, host, Samples.SHARE, limits).isPresent())
                  .count()
              > 0;
      won += claimed ? 1 : 0;
    }
    return won;
  }

  @RepeatedTest(5)
  void one_claim_id_asked_for_on_two_hosts_is_one_claim() throws Exception {
    ServerId server =
        stores.servers().requestCreate(Samples.server("s", "sea"), Samples.request()).id();
    ClaimId id = new ClaimId(UUID.randomUUID());
    List<Callable<Optional<ClaimRecord>>> asks = new ArrayList<>();
    for (HostName host : List.of(host(), host())) {
      for (int i = 0; i < THREADS / 2; i++) {
        asks.add(() -> stores.claims().claim(id, server, host, Samples.SHARE, Samples.PLENTY));
      }
    }
    assertThat(atOnce(asks)).hasSize(THREADS).doesNotContain(Optional.empty());
    assertThat(stores.claims().of(server)).hasSize(1);
  }

  @RepeatedTest(5)
  void a_claim_and_its_release_leave_nothing_whichever_comes_first() throws Exception {
    HostName host = host();
    ServerId server =
        stores.servers().requestCreate(Samples.server("s", "sea"), Samples.request()).id();
    ClaimId id = new ClaimId(UUID.randomUUID());
    List<Callable<Boolean>> works =
        List.of(
            () -> stores.claims().claim(id, server, host, Samples.SHARE, Samples.PLENTY).isEmpty(),
            () -> {
              stores.claims().release(id);
              return true;
            });
    assertThat(atOnce(works)).hasSize(2);
    assertThat(stores.claims().find(id)).isEmpty();
    assertThat(stores.hosts().find(host, Duration.ofMinutes(1)).orElseThrow().claimed())
        .isEqualTo(new Resources(0, 0, 0));
  }

  @Test
  void each_message_is_taken_by_one_relay() throws Exception {
    for (int i = 0; i < 200; i++) {
      stores.servers().requestCreate(Samples.server("s", "sea"), Samples.request());
    }
    long waiting = stores.outbox().waiting();
    List<List<Long>> taken =
        atOnce(
            THREADS,
            () -> {
              List<Long> mine = new ArrayList<>();
              List<Outbox.Entry> some = stores.outbox().take(7, Duration.ofMinutes(5));
              while (!some.isEmpty()) {
                some.forEach(message -> mine.add(message.number()));
                some = stores.outbox().take(7, Duration.ofMinutes(5));
              }
              return mine;
            });
    List<Long> all = taken.stream().flatMap(List::stream).toList();
    assertThat(all).doesNotHaveDuplicates().hasSize(Math.toIntExact(waiting));
    stores.outbox().sent(all);
    assertThat(stores.outbox().waiting()).isZero();
  }

  @RepeatedTest(5)
  void none_waits_for_another_that_waits_for_it() throws Exception {
    HostName home = host();
    HostName away = host();
    ServerRecord guest = samples.active(home);
    MigrationRecord migration = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores.migrations().planned(lease, migration.id(), away, claim, 1);
    List<Callable<Boolean>> works = new ArrayList<>();
    for (int i = 1; i < THREADS / 2; i++) {
      long done = i;
      works.add(() -> {
        stores.migrations().progress(Samples.progress(migration.id(), 100, done, 1, 1));
        return true;
      });
      works.add(() -> {
        boolean _ = stores.sagas().renewAndSeeAbort(lease);
        return true;
      });
    }
    works.add(() -> {
      stores.migrations().ownerChanged(lease, migration.id(), PauseParts.unknown("not heard"));
      stores.migrations().completed(lease, migration.id());
      return true;
    });
    works.add(
        () -> stores.servers().requestDelete(guest.id(), Samples.request()).task().isPresent());
    List<Callable<Boolean>> tolerant =
        works.stream().<Callable<Boolean>>map(AtOnceStoreTest::leaseMayEnd).toList();
    assertThat(atOnce(tolerant)).containsOnly(true);
    assertThat(stores.servers().find(guest.id()).orElseThrow().task()).contains(TaskState.DELETING);
    assertThat(stores.claims().of(guest.id())).extracting(ClaimRecord::host).containsExactly(away);
  }

  private static Callable<Boolean> leaseMayEnd(Callable<Boolean> work) {
    return () -> {
      try {
        return work.call();
      } catch (SagaStore.LeaseLostException ended) {
        return true;
      }
    };
  }
}
