package dev.tern.scheduler;

import static dev.tern.scheduler.SampleHost.host;

import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.PlacementRules;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("Schedulers that race")
class RacingSchedulersTest {
  @Test
  @Tag("S156")
  @Timeout(60)
  void never_claim_more_than_there_is() throws Exception {
    FakeCloud cloud =
        new FakeCloud(
            Racing.TEN_FIT.apply(host(1)),
            Racing.TEN_FIT.apply(host(2)),
            Racing.TEN_FIT.apply(host(3)));
    Scheduler scheduler =
        new Scheduler(cloud, cloud, new Ratios(1, 512, 16, 1), _ -> PlacementRules.NONE, 3);
    new Racing(List.of(scheduler), cloud::claimedOn).neverClaimsMoreThanThereIs();
  }
}
