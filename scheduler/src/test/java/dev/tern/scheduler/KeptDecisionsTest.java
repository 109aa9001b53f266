package dev.tern.scheduler;

import static dev.tern.scheduler.Asking.boot;
import static dev.tern.scheduler.Asking.migration;
import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.scheduler.Scheduler.Choosing;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.PlacementRules;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A decision")
class KeptDecisionsTest {
  private final List<Decision> kept = new ArrayList<>();

  private Object ask(FakeCloud cloud, Asking asking) {
    return new Scheduler(
            new CatalogView(cloud, new Ratios(1.0, 512, 16.0, 1.0)),
            cloud,
            Choosing.STANDARD,
            _ -> PlacementRules.NONE,
            3,
            (request, decision) -> {
              assertThat(request).isEqualTo(asking.question());
              kept.add(decision);
            })
        .select(asking.question());
  }

  @Test
  void is_kept_with_what_was_chosen_and_what_was_not() {
    var _ = ask(new FakeCloud(host(1), host(2), host(3).down()), migration());
    assertThat(kept)
        .singleElement()
        .satisfies(decision -> {
          assertThat(decision.host()).contains(new HostName("host-2"));
          assertThat(decision.looked()).isEqualTo(3);
          assertThat(decision.hosts())
              .extracting(verdict -> verdict.host().value())
              .containsExactly("host-2", "host-3", "host-1");
        });
  }

  @Test
  void is_kept_when_there_is_no_host_and_its_hint_is_told_in_short() {
    Object answer = ask(new FakeCloud(host(2).memoryMib(1_024)), boot(1));
    assertThat(kept).singleElement().satisfies(none -> assertThat(none.host()).isEmpty());
    assertThat(answer)
        .isInstanceOfSatisfying(
            NoHost.class,
            none ->
                assertThat(none.failure().message())
                    .endsWith("host-2 fits if 512 MiB of memory are freed."));
  }

  @Test
  void is_kept_of_a_host_that_was_named() {
    var _ = ask(new FakeCloud(host(2).down(), host(3)), boot(1).requested("host-2"));
    var _ = ask(new FakeCloud(host(2), host(3)), boot(2).requested("host-3"));
    assertThat(kept).extracting(Decision::looked).containsExactly(1, 1);
    assertThat(kept.getFirst().hosts().getFirst().refusals())
        .extracting(Decision.Refusal::filter)
        .containsExactly("ComputeFilter");
    assertThat(kept.getLast().host()).contains(new HostName("host-3"));
  }

  @Test
  void among_many_hosts_stays_small() {
    FakeCloud cloud = new FakeCloud();
    for (int n = 1; n <= 1_000; n++) {
      cloud.add(n % 2 == 0 ? host(n) : host(n).down());
    }
    var _ = ask(cloud, boot(1));
    assertThat(kept.getFirst().hosts()).hasSize(20);
    assertThat(kept.getFirst().refused()).containsExactly(new Decision.Count("ComputeFilter", 500));
  }
}
