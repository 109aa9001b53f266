package dev.tern.scheduler;

import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.PlacementRules;
import dev.tern.store.StoreTestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayName("Schedulers that race for what a database has")
class RacingSchedulersStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final Duration HOUR = Duration.ofHours(1);

  @Test
  @Tag("S156")
  @Timeout(120)
  void never_claim_more_than_there_is() throws Exception {
    for (int n = 1; n <= 3; n++) {
      DATABASE.hosts().report(Racing.TEN_FIT.apply(host(n)).report());
    }
    for (int n = 0; n < Racing.SERVERS; n++) {
      Servers.requested(DATABASE.servers(), Asking.boot(n).question().server());
    }
    new Racing(
            List.of(scheduler(), scheduler(), scheduler()),
            host ->
                DATABASE
                    .hosts()
                    .find(host, HOUR)
                    .map(HostRecord::claimed)
                    .orElse(new Resources(0, 0, 0)))
        .neverClaimsMoreThanThereIs();
  }

  /** One process, as far as the database can tell: with its own picture of the hosts. */
  private static Scheduler scheduler() {
    return new Scheduler(
        new HostMemory(DATABASE.hosts(), DATABASE.aggregates(), HOUR, new Ratios(1, 512, 16, 1)),
        DATABASE.claims(),
        Scheduler.Choosing.STANDARD,
        _ -> PlacementRules.NONE,
        3,
        (_, _) -> {});
  }

  @Test
  @Tag("S156")
  @Timeout(120)
  void book_nothing_twice_in_ten_thousand_claims_at_once() throws Exception {
    int fit = 1_000;
    Resources share = new Resources(1, 10, 100);
    Resources limits = new Resources(fit, 10L * fit, 100L * fit);
    for (int n = 11; n <= 13; n++) {
      DATABASE.hosts().report(host(n).report());
    }
    List<ServerId> servers = new ArrayList<>();
    for (int n = 1_000; n < 1_020; n++) {
      servers.add(Asking.boot(n).question().server());
      Servers.requested(DATABASE.servers(), servers.getLast());
    }
    Queue<ClaimId> held = new ConcurrentLinkedQueue<>();
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < 16; thread++) {
        all.add(
            threads.submit(() -> {
              for (int n = next.getAndIncrement(); n < 10_000; n = next.getAndIncrement()) {
                ClaimId claim = new ClaimId(new UUID(77, n));
                HostName host = new HostName("host-" + (11 + n % 3));
                if (DATABASE
                    .claims()
                    .claim(claim, servers.get(n % servers.size()), host, share, limits)
                    .isPresent()) {
                  held.add(claim);
                }
              }
            }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
    assertThat(held).hasSize(3 * fit);
    for (int n = 11; n <= 13; n++) {
      assertThat(DATABASE.hosts().find(new HostName("host-" + n), HOUR).map(HostRecord::claimed))
          .contains(limits);
    }
  }
}
