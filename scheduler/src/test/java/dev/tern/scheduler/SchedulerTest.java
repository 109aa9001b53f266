package dev.tern.scheduler;

import static dev.tern.scheduler.Asking.boot;
import static dev.tern.scheduler.Asking.migration;
import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.SchedulerAnswer.Choice;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.PlacementRules;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A scheduler")
class SchedulerTest {
  private static final Ratios RATIOS = new Ratios(1.0, 512, 16.0, 1.0);

  private static Choice ask(FakeCloud cloud, Asking asking) {
    return new Scheduler(cloud, cloud, RATIOS, _ -> PlacementRules.NONE, 3)
        .select(asking.question());
  }

  private static void assertSelected(String host, FakeCloud cloud, Asking asking) {
    assertThat(ask(cloud, asking))
        .isEqualTo(new Selected(new HostName(host), asking.question().claim()));
    assertThat(cloud.find(asking.question().claim()))
        .hasValueSatisfying(claim -> {
          assertThat(claim.host()).isEqualTo(new HostName(host));
          assertThat(claim.server()).isEqualTo(asking.question().server());
          assertThat(claim.share()).isEqualTo(asking.question().resources());
        });
  }

  private static NoHost refusedWithNothingClaimed(FakeCloud cloud, Asking asking) {
    Choice answer = ask(cloud, asking);
    assertThat(answer).isInstanceOf(NoHost.class);
    assertThat(cloud.find(asking.question().claim())).isEmpty();
    return (NoHost) answer;
  }

  @Test
  @Tag("S15")
  void claims_the_host_with_the_most_free_memory() {
    FakeCloud cloud =
        new FakeCloud(
            host(1).memoryMib(65_536),
            host(2).memoryMib(16_384).claimed(0, 12_000, 0),
            host(3).memoryMib(8_192));
    assertSelected("host-3", cloud, migration());
  }

  @Test
  void prefers_fewer_migrations_and_then_the_first_by_name() {
    assertSelected(
        "host-3", new FakeCloud(host(2).migrating(2), host(3).migrating(1)), migration());
    assertSelected("host-2", new FakeCloud(host(3), host(2)), migration());
  }

  @Test
  void answers_the_same_question_with_the_same_host_and_one_claim() {
    FakeCloud cloud = new FakeCloud(host(2), host(3));
    assertSelected("host-2", cloud, migration());
    cloud.add(host(4).memoryMib(1_000_000));
    assertSelected("host-2", cloud, migration());
    assertThat(cloud.claims()).isOne();
  }

  @Test
  void that_asks_at_the_same_time_as_another_gets_the_others_host() {
    FakeCloud cloud = new FakeCloud(host(2), host(3));
    cloud.beforeTheNextClaim(() ->
        cloud.claim(
            migration().question().claim(),
            Asking.SERVER,
            new HostName("host-3"),
            Asking.SHARE,
            new Resources(64, 8_000, Long.MAX_VALUE)));
    assertSelected("host-3", cloud, migration());
    assertThat(cloud.claims()).isOne();
  }

  @Test
  @Tag("S15")
  void does_not_choose_a_host_that_failed_a_later_check() {
    assertSelected(
        "host-3", new FakeCloud(host(2), host(3)), migration().refused("host-2", "no route"));
  }

  @Test
  void leaves_a_claim_where_it_is_that_does_not_fit_the_question() {
    FakeCloud cloud = new FakeCloud(host(2), host(3));
    assertSelected("host-2", cloud, migration());
    for (Asking other :
        List.of(
            migration().from(new ServerId(new UUID(66, 6))),
            migration().requested("host-3"),
            migration().refused("host-2", "no route"))) {
      assertThat(ask(cloud, other))
          .isInstanceOfSatisfying(
              NoHost.class,
              none -> assertThat(none.failure().code()).isEqualTo(ErrorCode.INVALID_INPUT));
    }
    assertSelected("host-2", cloud, migration());
    assertThat(cloud.claims()).isOne();
  }

  @Test
  void claims_nothing_for_a_question_that_was_taken_back() {
    FakeCloud cloud = new FakeCloud(host(2), host(3));
    cloud.release(migration().question().claim());
    NoHost none = refusedWithNothingClaimed(cloud, migration());
    assertThat(none.failure().message())
        .contains("host-2: The claim on host-2 was not granted")
        .contains("host-3: The claim on host-3 was not granted");
    assertThat(cloud.claims()).isZero();
  }

  @Test
  @Tag("S15")
  @Tag("S105")
  void names_every_host_with_its_reason_when_none_will_do() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).down(), host(3).memoryMib(1_024));
    NoHost none =
        refusedWithNothingClaimed(cloud, boot(1).share(1, 4_096, 0).refused("host-1", "no route"));
    assertThat(none.failure())
        .isEqualTo(
            new Failure(
                ErrorCode.NO_VALID_HOST,
                "No valid host was found. host-1: no route; host-2: Compute service of host-2 is"
                    + " unavailable at this time.; host-3: Host host-3 has too little memory: 512"
                    + " MiB available, 4096 MiB needed. host-2 fits if its agent reports again."));
    assertThat(none.reasons().keySet())
        .containsExactlyInAnyOrder(
            new HostName("host-1"), new HostName("host-2"), new HostName("host-3"));
  }

  @Test
  @Tag("S105")
  void names_some_of_many_hosts_and_counts_the_rest() {
    FakeCloud cloud =
        new FakeCloud(
            IntStream.rangeClosed(1, 10)
                .mapToObj(n -> host(n).disabled("x".repeat(1_000)))
                .toArray(SampleHost[]::new));
    NoHost none = refusedWithNothingClaimed(cloud, boot(1));
    assertThat(none.failure().message())
        .startsWith("No valid host was found. host-1: Compute service of host-1 is disabled (xxx")
        .endsWith("…; and 7 more. host-1 fits if its service is enabled.")
        .hasSizeLessThan(4 * NoValidHost.LONGEST_REASON);
    assertThat(none.reasons()).hasSize(10);
  }

  @Test
  @Tag("S105")
  void says_so_when_there_are_no_hosts_at_all() {
    assertThat(refusedWithNothingClaimed(new FakeCloud(), boot(1)).failure().message())
        .isEqualTo("No valid host was found. There are no hosts.");
  }

  @Test
  @Tag("S105")
  void lists_a_refused_host_that_is_gone() {
    assertThat(
            refusedWithNothingClaimed(
                    new FakeCloud(), migration().refused("host-9", "b").refused("host-8", "a"))
                .failure()
                .message())
        .isEqualTo("No valid host was found. host-8: a; host-9: b");
  }

  @Test
  void takes_the_requested_host_though_another_is_emptier() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).memoryMib(4_096), host(3));
    assertSelected("host-2", cloud, migration().requested("host-2"));
  }

  @Test
  void does_not_know_a_requested_host_without_an_agent() {
    NoHost none =
        refusedWithNothingClaimed(new FakeCloud(host(1)), migration().requested("host-9"));
    assertThat(none.failure())
        .isEqualTo(
            new Failure(
                ErrorCode.COMPUTE_HOST_NOT_FOUND, "Compute host host-9 could not be found."));
  }

  @Test
  @Tag("S106")
  @Tag("S108")
  @Tag("S109")
  @Tag("S156")
  void answers_a_requested_host_with_its_own_reason_and_looks_no_further() {
    FakeCloud cloud =
        new FakeCloud(
            host(1),
            host(2).memoryMib(600),
            host(3).down(),
            host(4).hypervisor("QEMU", 6_000_000),
            host(5));
    assertThat(
            List.of("host-1", "host-2", "host-3", "host-4").stream()
                .map(name ->
                    refusedWithNothingClaimed(cloud, migration().requested(name)).failure().code()))
        .containsExactly(
            ErrorCode.UNABLE_TO_MIGRATE_TO_SELF,
            ErrorCode.DESTINATION_LACKS_MEMORY,
            ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
            ErrorCode.DESTINATION_HYPERVISOR_TOO_OLD);
  }

  @Test
  void answers_a_requested_host_that_failed_a_later_check_with_that() {
    NoHost none =
        refusedWithNothingClaimed(
            new FakeCloud(host(2), host(3)),
            migration().requested("host-2").refused("host-2", "no route"));
    assertThat(none.failure())
        .isEqualTo(new Failure(ErrorCode.MIGRATION_PRE_CHECK_ERROR, "no route"));
  }

  private static void fill(FakeCloud cloud, String host, int claim) {
    Asking other = boot(claim).share(1, 7_000, 0);
    cloud.claim(
        other.question().claim(),
        other.question().server(),
        new HostName(host),
        other.question().resources(),
        new Resources(64, 7_680, Long.MAX_VALUE));
  }

  @Test
  void that_loses_a_race_takes_the_next_host() {
    FakeCloud cloud = new FakeCloud(host(2), host(3));
    cloud.beforeTheNextClaim(() -> fill(cloud, "host-2", 99));
    assertSelected("host-3", cloud, migration());
  }

  @Test
  void that_loses_every_race_answers_with_the_figures_of_now() {
    FakeCloud cloud = new FakeCloud(host(2));
    cloud.beforeTheNextClaim(() -> fill(cloud, "host-2", 99));
    assertThat(refusedWithNothingClaimed(cloud, boot(1)).failure().message())
        .isEqualTo(
            "No valid host was found. host-2: Host host-2 has too little memory: 680 MiB"
                + " available, 1024 MiB needed.");
  }

  @Test
  void that_loses_the_race_for_the_requested_host_answers_with_the_figures_of_now() {
    FakeCloud cloud = new FakeCloud(host(2), host(3));
    cloud.beforeTheNextClaim(() -> fill(cloud, "host-2", 99));
    assertThat(refusedWithNothingClaimed(cloud, boot(1).requested("host-2")).failure())
        .isEqualTo(
            new Failure(
                ErrorCode.DESTINATION_LACKS_MEMORY,
                "Host host-2 has too little memory: 680 MiB available, 1024 MiB needed."));
  }
}
