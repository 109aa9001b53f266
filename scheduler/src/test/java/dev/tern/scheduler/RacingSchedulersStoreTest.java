package dev.tern.scheduler;

import static dev.tern.scheduler.SampleHost.host;

import dev.tern.contract.Resources;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.PlacementRules;
import dev.tern.store.StoreTestDatabase;
import java.time.Duration;
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
    Scheduler scheduler =
        new Scheduler(
            new StoredHosts(DATABASE.hosts(), HOUR),
            DATABASE.claims(),
            new Ratios(1, 512, 16, 1),
            _ -> PlacementRules.NONE,
            3);
    new Racing(
            scheduler,
            host ->
                DATABASE
                    .hosts()
                    .find(host, HOUR)
                    .map(HostRecord::claimed)
                    .orElse(new Resources(0, 0, 0)))
        .neverClaimsMoreThanThereIs();
  }
}
