package dev.tern.scheduler;

import static dev.tern.scheduler.Asking.migration;
import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.SchedulerAnswer.Choice;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.PlacementRules;
import dev.tern.store.PlacementRules.Asks;
import dev.tern.store.PlacementRules.Group;
import dev.tern.store.PlacementRules.Named;
import dev.tern.store.ServerGroupStore.Policy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A scheduler that is told where a server may be")
class PlacementTest {
  private static final HostName TWO = new HostName("host-2");
  private static final HostName THREE = new HostName("host-3");
  private static final UUID GROUP = new UUID(1, 1);

  private static Choice ask(PlacementRules rules, Asking asking) {
    // By room alone it is host 2 that is chosen.
    FakeCloud cloud = new FakeCloud(host(2).memoryMib(65_536), host(3).memoryMib(8_192));
    cloud.inZone(THREE, "east");
    return new Scheduler(cloud, cloud, new Ratios(1.0, 512, 16.0, 1.0), _ -> rules, 3)
        .select(asking.question());
  }

  private static PlacementRules group(Policy policy, int most, Map<HostName, Integer> others) {
    Map<ServerId, Set<HostName>> members = new HashMap<>();
    others.forEach((host, count) ->
        IntStream.range(0, count)
            .forEach(n ->
                members.put(new ServerId(new UUID(host.value().hashCode(), n)), Set.of(host))));
    return new PlacementRules(
        Optional.of(new Group(GROUP, policy, most, members)),
        Optional.empty(),
        Named.NOBODY,
        Optional.empty(),
        Asks.NONE);
  }

  private static void assertSelected(HostName host, PlacementRules rules) {
    assertThat(ask(rules, migration()))
        .isInstanceOfSatisfying(
            Selected.class, selected -> assertThat(selected.host()).isEqualTo(host));
  }

  private static void assertRefused(PlacementRules rules, Asking asking, String reason) {
    assertThat(ask(rules, asking))
        .isInstanceOfSatisfying(
            NoHost.class,
            none ->
                assertThat(none.reasons().get(TWO))
                    .satisfies(why -> {
                      assertThat(why.code()).isEqualTo(ErrorCode.HOST_NOT_WANTED);
                      assertThat(why.message()).contains(reason);
                    }));
  }

  @Test
  void keeps_members_together() {
    assertSelected(THREE, group(Policy.AFFINITY, 1, Map.of(THREE, 1)));
    assertSelected(TWO, group(Policy.AFFINITY, 1, Map.of()));
    assertRefused(
        group(Policy.AFFINITY, 1, Map.of(new HostName("host-9"), 1)), migration(), "affinity");
  }

  @Test
  void keeps_members_apart() {
    assertSelected(THREE, group(Policy.ANTI_AFFINITY, 1, Map.of(TWO, 1)));
    assertSelected(TWO, group(Policy.ANTI_AFFINITY, 3, Map.of(TWO, 2, THREE, 3)));
    assertRefused(
        group(Policy.ANTI_AFFINITY, 1, Map.of(TWO, 1, THREE, 1)), migration(), "anti-affinity");
  }

  @Test
  void follows_wishes_as_long_as_there_is_room() {
    assertSelected(THREE, group(Policy.SOFT_ANTI_AFFINITY, 1, Map.of(TWO, 1)));
    assertSelected(TWO, group(Policy.SOFT_ANTI_AFFINITY, 1, Map.of(TWO, 1, THREE, 2)));
    assertSelected(THREE, group(Policy.SOFT_AFFINITY, 1, Map.of(THREE, 1)));
    FakeCloud cloud = new FakeCloud(host(2), host(3).memoryMib(600));
    assertThat(
            new Scheduler(
                    cloud,
                    cloud,
                    new Ratios(1.0, 512, 16.0, 1.0),
                    _ -> group(Policy.SOFT_AFFINITY, 1, Map.of(THREE, 1)),
                    3)
                .select(migration().question()))
        .isInstanceOfSatisfying(
            Selected.class, selected -> assertThat(selected.host()).isEqualTo(TWO));
  }

  @Test
  void refuses_a_named_host_too() {
    assertRefused(
        group(Policy.ANTI_AFFINITY, 1, Map.of(TWO, 1)),
        migration().requested(TWO.value()),
        "1 of its members on host-2 already");
  }

  @Test
  void stays_within_the_zone() {
    assertSelected(THREE, zone("east"));
    assertRefused(zone("east"), migration().requested(TWO.value()), "availability zone nova");
    assertSelected(TWO, zone("nova"));
  }

  private static PlacementRules zone(String zone) {
    return new PlacementRules(
        Optional.empty(), Optional.of(zone), Named.NOBODY, Optional.empty(), Asks.NONE);
  }

  private static Named on(HostName host) {
    return new Named(Map.of(new ServerId(new UUID(3, 3)), Set.of(host)));
  }

  @Test
  void heeds_hints() {
    assertSelected(
        THREE,
        new PlacementRules(
            Optional.empty(), Optional.empty(), on(TWO), Optional.empty(), Asks.NONE));
    assertSelected(
        THREE,
        new PlacementRules(
            Optional.empty(), Optional.empty(), Named.NOBODY, Optional.of(on(THREE)), Asks.NONE));
  }
}
