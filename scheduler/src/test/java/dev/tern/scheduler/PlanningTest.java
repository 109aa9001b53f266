package dev.tern.scheduler;

import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Count;
import dev.tern.contract.scheduler.Decision.Hint;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.Decision.Verdict;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.NotAnswered;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.contract.scheduler.SchedulerRequest.Placed;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.PlacementRules;
import dev.tern.store.PlacementRules.Asks;
import dev.tern.store.PlacementRules.Group;
import dev.tern.store.PlacementRules.Named;
import dev.tern.store.ServerGroupStore.Policy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A plan of hosts")
class PlanningTest {
  private static final Ratios RATIOS = new Ratios(1.0, 0, 16.0, 1.0);
  private static final HostName ONE = new HostName("host-1");
  private static final HostName TWO = new HostName("host-2");
  private static final HostName THREE = new HostName("host-3");
  private static final UUID GROUP = new UUID(1, 1);

  private static ServerId server(int number) {
    return new ServerId(new UUID(7, number));
  }

  private static Wanted leaves(int number, long memoryMib) {
    return new Wanted(
        server(number),
        new Resources(1, memoryMib, 1_000),
        Optional.empty(),
        Optional.of(ONE),
        Optional.of(Asking.GUEST),
        Map.of());
  }

  private static PlanHosts question(Wanted... servers) {
    return new PlanHosts(
        RequestId.of(new UUID(9, 9)), List.of(servers), List.of(), List.of(), List.of(), 5);
  }

  private static Scheduler scheduler(FakeCloud cloud) {
    return new Scheduler(cloud, cloud, RATIOS, _ -> PlacementRules.NONE, 3);
  }

  private static List<Decision> plan(FakeCloud cloud, PlanHosts question) {
    return scheduler(cloud).plan(question).decisions();
  }

  private static List<Optional<HostName>> hosts(List<Decision> decisions) {
    return decisions.stream().map(Decision::host).toList();
  }

  @Test
  void counts_what_the_servers_before_would_take_and_claims_nothing() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).memoryMib(5_000), host(3).memoryMib(4_000));
    List<Decision> decisions =
        plan(cloud, question(leaves(1, 3_000), leaves(2, 3_000), leaves(3, 3_000)));
    assertThat(hosts(decisions))
        .containsExactly(Optional.of(TWO), Optional.of(THREE), Optional.empty());
    assertThat(decisions.get(2).failure())
        .hasValueSatisfying(why -> {
          assertThat(why.code()).isEqualTo(ErrorCode.NO_VALID_HOST);
          assertThat(why.message()).contains("Lack of memory(host:2000 <= instance:3000)");
        });
    assertThat(cloud.claims()).isZero();
  }

  @Test
  void says_what_selecting_says() {
    FakeCloud cloud = new FakeCloud(host(1), host(2), host(3).memoryMib(9_000), host(4).down());
    Decision planned = plan(cloud, question(Asking.migration().question().wanted())).getFirst();
    assertThat(scheduler(cloud).select(Asking.migration().question()))
        .isInstanceOfSatisfying(
            Selected.class, selected -> assertThat(planned.host()).contains(selected.host()));
  }

  @Test
  void gives_back_what_the_servers_before_would_leave() {
    FakeCloud cloud = new FakeCloud(host(1).memoryMib(4_000), host(2).memoryMib(4_000));
    claim(cloud, server(1), ONE, 3_000);
    Wanted there =
        new Wanted(
            server(2),
            new Resources(1, 3_000, 1_000),
            Optional.of(ONE),
            Optional.of(TWO),
            Optional.of(Asking.GUEST),
            Map.of());
    assertThat(hosts(plan(cloud, question(there)))).containsExactly(Optional.empty());
    assertThat(hosts(plan(cloud, question(leaves(1, 3_000), there))))
        .containsExactly(Optional.of(TWO), Optional.of(ONE));
  }

  private static void claim(FakeCloud cloud, ServerId server, HostName on, long memoryMib) {
    cloud.claim(
        new ClaimId(server.value()),
        server,
        on,
        new Resources(1, memoryMib, 1_000),
        new Resources(64, 1_000_000, 1_000_000_000_000L));
  }

  @Test
  void keeps_members_of_a_group_apart_that_have_not_moved_yet() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).memoryMib(50_000), host(3));
    PlacementRules apart =
        new PlacementRules(
            Optional.of(new Group(GROUP, Policy.ANTI_AFFINITY, 1, Map.of())),
            Optional.empty(),
            Named.NOBODY,
            Optional.empty(),
            Asks.NONE);
    Scheduler scheduler = new Scheduler(cloud, cloud, RATIOS, _ -> apart, 3);
    List<Decision> decisions =
        scheduler.plan(question(leaves(1, 10), leaves(2, 10), leaves(3, 10))).decisions();
    assertThat(hosts(decisions))
        .containsExactly(Optional.of(TWO), Optional.of(THREE), Optional.empty());
    PlanHosts later =
        new PlanHosts(
            RequestId.of(new UUID(9, 9)),
            List.of(leaves(2, 10)),
            List.of(),
            List.of(),
            List.of(new Placed(server(1), new Resources(1, 10, 1_000), Optional.of(ONE), TWO)),
            5);
    assertThat(hosts(scheduler.plan(later).decisions())).containsExactly(Optional.of(THREE));
  }

  private static Named onOne(int... servers) {
    return new Named(
        IntStream.of(servers)
            .boxed()
            .collect(Collectors.toMap(PlanningTest::server, _ -> Set.of(ONE))));
  }

  private static PlacementRules hints(Named apartFrom, Optional<Named> nextTo) {
    return new PlacementRules(Optional.empty(), Optional.empty(), apartFrom, nextTo, Asks.NONE);
  }

  private static Scheduler hinted(FakeCloud cloud, int number, PlacementRules rules) {
    return new Scheduler(
        cloud, cloud, RATIOS, id -> id.equals(server(number)) ? rules : PlacementRules.NONE, 3);
  }

  @Test
  void keeps_apart_by_different_host_what_has_not_moved_yet_in_any_order() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).memoryMib(50_000), host(3));
    Scheduler scheduler = hinted(cloud, 2, hints(onOne(1), Optional.empty()));
    assertThat(hosts(scheduler.plan(question(leaves(1, 10), leaves(2, 10))).decisions()))
        .containsExactly(Optional.of(TWO), Optional.of(THREE));
    assertThat(hosts(scheduler.plan(question(leaves(2, 10), leaves(1, 10))).decisions()))
        .containsExactly(Optional.of(THREE), Optional.of(TWO));
    PlanHosts later =
        new PlanHosts(
            RequestId.of(new UUID(9, 9)),
            List.of(leaves(2, 10)),
            List.of(),
            List.of(),
            List.of(new Placed(server(1), new Resources(1, 10, 1_000), Optional.of(ONE), TWO)),
            5);
    assertThat(hosts(scheduler.plan(later).decisions())).containsExactly(Optional.of(THREE));
  }

  @Test
  void brings_along_by_same_host_what_follows_another_in_any_order() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).memoryMib(50_000), host(3));
    Scheduler scheduler = hinted(cloud, 2, hints(Named.NOBODY, Optional.of(onOne(1))));
    assertThat(hosts(scheduler.plan(question(leaves(1, 10), leaves(2, 10))).decisions()))
        .containsExactly(Optional.of(TWO), Optional.of(TWO));
    assertThat(hosts(scheduler.plan(question(leaves(2, 10), leaves(1, 10))).decisions()))
        .containsExactly(Optional.of(TWO), Optional.of(TWO));
    assertThat(hosts(scheduler.plan(question(leaves(2, 10))).decisions()))
        .as("what it follows stays")
        .containsExactly(Optional.empty());
  }

  @Test
  void gives_no_place_to_two_that_follow_each_other() {
    FakeCloud cloud = new FakeCloud(host(1), host(2));
    Scheduler scheduler =
        new Scheduler(
            cloud,
            cloud,
            RATIOS,
            id -> hints(Named.NOBODY, Optional.of(onOne(id.equals(server(1)) ? 2 : 1))),
            3);
    assertThat(hosts(scheduler.plan(question(leaves(1, 10), leaves(2, 10))).decisions()))
        .containsExactly(Optional.empty(), Optional.empty());
  }

  @Test
  void heeds_which_hosts_there_are_to_choose_from() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).memoryMib(50_000), host(3));
    PlanHosts all = question(leaves(1, 10));
    assertThat(
            hosts(
                plan(
                    cloud,
                    new PlanHosts(
                        all.request(), all.servers(), List.of(THREE), List.of(), List.of(), 5))))
        .containsExactly(Optional.of(THREE));
    Decision without =
        plan(
                cloud,
                new PlanHosts(all.request(), all.servers(), List.of(), List.of(TWO), List.of(), 5))
            .getFirst();
    assertThat(without.host()).contains(THREE);
    assertThat(refusals(without, TWO)).extracting(Refusal::filter).containsExactly("TargetsFilter");
  }

  private static List<Refusal> refusals(Decision decision, HostName host) {
    return decision.hosts().stream()
        .filter(verdict -> verdict.host().equals(host))
        .findFirst()
        .orElseThrow()
        .refusals();
  }

  @Test
  void tells_all_that_is_against_a_host_at_once() {
    FakeCloud cloud =
        new FakeCloud(
            host(1), host(2).down().accelerator("kvm").memoryMib(100), host(3).memoryMib(900));
    Decision decision = plan(cloud, question(leaves(1, 1_000))).getFirst();
    assertThat(refusals(decision, TWO))
        .extracting(Refusal::filter)
        .containsExactly("ComputeFilter", "AcceleratorFilter", "RamFilter");
    assertThat(refusals(decision, THREE))
        .containsExactly(
            new Refusal(
                "RamFilter",
                new Failure(
                    ErrorCode.DESTINATION_LACKS_MEMORY,
                    "Unable to migrate %s to host-3: Lack of memory(host:900 <= instance:1000), in MiB."
                        .formatted(server(1))),
                "1000 MiB",
                "900 MiB",
                Optional.of("100 MiB of memory are freed")));
    assertThat(decision.looked()).isEqualTo(3);
    assertThat(decision.passed()).isZero();
    assertThat(decision.refused())
        .contains(new Count("RamFilter", 2), new Count("SourceHostFilter", 1));
    assertThat(decision.wouldFit())
        .containsExactly(new Hint(THREE, "host-3 fits if 100 MiB of memory are freed"));
  }

  @Test
  void names_the_server_whose_going_would_make_the_room() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).memoryMib(4_000));
    claim(cloud, server(11), TWO, 500);
    claim(cloud, server(12), TWO, 1_200);
    claim(cloud, server(13), TWO, 2_000);
    assertThat(plan(cloud, question(leaves(1, 1_300))).getFirst().wouldFit())
        .containsExactly(
            new Hint(
                TWO,
                "host-2 fits if 1000 MiB of memory are freed, as when server %s moves away"
                    .formatted(server(12))));
    cloud.release(new ClaimId(server(12).value()));
    assertThat(hosts(plan(cloud, question(leaves(1, 1_300))))).containsExactly(Optional.of(TWO));
  }

  @Test
  void gives_the_score_of_each_weigher() {
    FakeCloud cloud =
        new FakeCloud(
            host(1),
            host(2).memoryMib(1_000).migrating(4),
            host(3).memoryMib(3_000).migrating(2),
            host(4).memoryMib(2_000));
    Decision decision = plan(cloud, question(leaves(1, 10))).getFirst();
    assertThat(decision.hosts())
        .filteredOn(Verdict::passes)
        .extracting(Verdict::host)
        .containsExactly(THREE, new HostName("host-4"), TWO);
    assertThat(decision.hosts().getFirst().scores())
        .containsExactly(
            new Decision.Score("RAMWeigher", 3_000, 1),
            new Decision.Score("IoOpsWeigher", 2, -0.25));
    assertThat(decision.hosts().getFirst().weight()).isEqualTo(0.75);
  }

  @Test
  void describes_the_nearest_hosts_and_counts_the_rest() {
    FakeCloud cloud = new FakeCloud(host(1));
    for (int n = 2; n <= 300; n++) {
      cloud.add(host(n).memoryMib(n));
    }
    Decision decision = plan(cloud, question(leaves(1, 5_000))).getFirst();
    assertThat(decision.hosts())
        .extracting(verdict -> verdict.host().value())
        .containsExactly("host-300", "host-299", "host-298", "host-297", "host-296");
    assertThat(decision.refused()).contains(new Count("RamFilter", 299));
    assertThat(decision.looked()).isEqualTo(300);
  }

  @Test
  void of_a_named_host_says_what_naming_it_says() {
    FakeCloud cloud = new FakeCloud(host(1), host(2).down(), host(3));
    Wanted wanted = Asking.migration().requested("host-2").question().wanted();
    Decision down = plan(cloud, question(wanted)).getFirst();
    assertThat(down.host()).isEmpty();
    assertThat(down.failure()).map(Failure::code).contains(ErrorCode.COMPUTE_SERVICE_UNAVAILABLE);
    Wanted unknown = Asking.migration().requested("host-9").question().wanted();
    assertThat(plan(cloud, question(unknown)).getFirst().failure())
        .map(Failure::code)
        .contains(ErrorCode.COMPUTE_HOST_NOT_FOUND);
  }

  @Test
  void of_too_many_servers_at_once_is_refused() {
    FakeCloud cloud = new FakeCloud(host(1), host(2));
    Questions questions = new Questions(scheduler(cloud), new SimpleMeterRegistry());
    Wanted[] many = Collections.nCopies(PlanHosts.MOST + 1, leaves(1, 1)).toArray(new Wanted[0]);
    SchedulerAnswer answer = questions.answer(question(many));
    assertThat(answer)
        .isInstanceOfSatisfying(
            NotAnswered.class,
            not -> assertThat(not.failure().message()).contains("At most 500 servers"));
  }
}
