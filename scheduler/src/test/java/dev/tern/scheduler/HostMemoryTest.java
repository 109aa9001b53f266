package dev.tern.scheduler;

import static dev.tern.scheduler.Asking.boot;
import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.host.HostReport.Offers;
import dev.tern.contract.scheduler.SchedulerAnswer.Choice;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.scheduler.Scheduler.Choosing;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.InMemoryStores;
import dev.tern.store.PlacementRules;
import dev.tern.store.PlacementRules.Asks;
import dev.tern.store.PlacementRules.Base;
import dev.tern.store.PlacementRules.Named;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Hosts in memory")
class HostMemoryTest {
  private static final Ratios RATIOS = new Ratios(1.0, 512, 16.0, 1.0);
  private static final HostName TWO = new HostName("host-2");
  private static final HostName THREE = new HostName("host-3");

  private final InMemoryStores stores = new InMemoryStores();
  private final HostMemory memory =
      new HostMemory(stores.hosts(), stores.aggregates(), Duration.ofMinutes(1), RATIOS);

  @BeforeEach
  void someServersAndHosts() {
    for (int n = 1; n <= 20; n++) {
      Servers.requested(stores.servers(), boot(n).question().server());
    }
    stores.hosts().report(host(2).memoryMib(20_000).report());
    stores.hosts().report(host(3).memoryMib(10_000).report());
    assertThat(memory.refresh()).hasSize(2);
  }

  private Choice ask(Asking asking, PlacementRules rules) {
    return new Scheduler(memory, stores.claims(), Choosing.STANDARD, _ -> rules, 5, (_, _) -> {})
        .select(asking.question());
  }

  private void assertSelected(HostName host, Asking asking) {
    assertThat(ask(asking, PlacementRules.NONE))
        .isInstanceOfSatisfying(
            Selected.class, selected -> assertThat(selected.host()).isEqualTo(host));
  }

  private HostState known(HostName name) {
    return memory.lately().stream()
        .filter(host -> host.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void are_chosen_from_with_what_was_claimed_since() {
    assertSelected(TWO, boot(1).share(1, 12_000, 0));
    assertThat(known(TWO).claimed().memoryMib()).isEqualTo(12_000);
    assertSelected(THREE, boot(2).share(1, 1_000, 0));
    assertThat(memory.refresh()).hasSize(2);
    assertThat(known(TWO).claimed().memoryMib()).isEqualTo(12_000);
  }

  @Test
  void are_looked_at_again_before_one_is_claimed() {
    stores.hosts().setDisabled(TWO, true, Optional.of("drained"));
    assertThat(known(TWO).disabled()).isFalse();
    assertSelected(THREE, boot(1));
  }

  /** As when many servers are asked for in one moment: all would go to the one best host. */
  @Test
  void are_ranked_anew_when_others_have_claimed_on_the_best() {
    HostMemory others =
        new HostMemory(stores.hosts(), stores.aggregates(), Duration.ofMinutes(1), RATIOS);
    assertThat(others.refresh()).hasSize(2);
    assertThat(
            new Scheduler(
                    others,
                    stores.claims(),
                    Choosing.STANDARD,
                    _ -> PlacementRules.NONE,
                    5,
                    (_, _) -> {})
                .select(boot(1).share(1, 12_000, 0).question()))
        .isInstanceOfSatisfying(
            Selected.class, selected -> assertThat(selected.host()).isEqualTo(TWO));
    assertThat(known(TWO).claimed().memoryMib()).as("not known here").isZero();
    assertSelected(THREE, boot(2));
  }

  @Test
  void are_looked_at_anew_before_there_is_no_host() {
    stores.hosts().report(host(4).memoryMib(100_000).report());
    assertSelected(new HostName("host-4"), boot(1).share(1, 50_000, 0));
    assertThat(ask(boot(2).share(1, 200_000, 0), PlacementRules.NONE))
        .isInstanceOfSatisfying(
            NoHost.class,
            none -> assertThat(none.failure().code()).isEqualTo(ErrorCode.NO_VALID_HOST));
  }

  @Test
  void are_forgotten_when_they_are_removed_and_follow_reports_and_aggregates() {
    stores.aggregates().create(new UUID(5, 5), "a", Optional.of("east"));
    int number = stores.aggregates().list().getFirst().number();
    stores.aggregates().addHost(number, THREE);
    stores
        .hosts()
        .removeService(stores.hosts().find(TWO, Duration.ZERO).orElseThrow().serviceUuid());
    assertThat(memory.refresh()).singleElement().isEqualTo(known(THREE));
    assertThat(known(THREE).facts().zone()).isEqualTo("east");
    assertThat(known(THREE).facts().aggregates())
        .containsExactly(Map.of("availability_zone", "east"));
  }

  @Test
  void that_hold_the_image_are_preferred_among_those_with_about_as_much_room() {
    PlacementRules rules = hostFiveHasTheImage(18_000);
    assertThat(ask(boot(1), rules))
        .isInstanceOfSatisfying(
            Selected.class,
            selected -> assertThat(selected.host()).isEqualTo(new HostName("host-5")));
    assertSelected(TWO, boot(2));
  }

  /** All servers of an image would be on one host. */
  @Test
  void that_hold_the_image_are_not_filled_while_others_are_empty() {
    PlacementRules rules = hostFiveHasTheImage(11_000);
    assertThat(ask(boot(1), rules))
        .isInstanceOfSatisfying(
            Selected.class, selected -> assertThat(selected.host()).isEqualTo(TWO));
  }

  private PlacementRules hostFiveHasTheImage(long memoryMib) {
    String sha = "0123456789abcdef".repeat(4);
    stores
        .hosts()
        .report(
            host(5)
                .memoryMib(memoryMib)
                .offers(new Offers("max", List.of(), Optional.empty(), List.of(Offers.digest(sha))))
                .report());
    assertThat(memory.refresh()).hasSize(3);
    return new PlacementRules(
        Optional.empty(),
        Optional.empty(),
        Named.NOBODY,
        Optional.empty(),
        new Asks("", Map.of(), Map.of(), Optional.of(new Base(Offers.digest(sha), 1_000))));
  }
}
