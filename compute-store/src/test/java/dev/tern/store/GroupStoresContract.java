package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.AggregateStore.Aggregate;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.QuotaStore.Resource;
import dev.tern.store.ServerGroupStore.NewGroup;
import dev.tern.store.ServerGroupStore.Policy;
import dev.tern.store.ServerGroupStore.ServerGroupRecord;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Groups of servers, and groups of hosts. */
abstract class GroupStoresContract {
  abstract Stores stores();

  private final String project = "p-" + UUID.randomUUID();
  private final HostName one = new HostName("one-" + project);
  private final HostName two = new HostName("two-" + project);

  @BeforeEach
  void hosts() {
    stores().hosts().report(Samples.report(one, 1, 1));
    stores().hosts().report(Samples.report(two, 1, 1));
  }

  private NewGroup group(Policy policy, Optional<Integer> most) {
    NewGroup group = new NewGroup(UUID.randomUUID(), project, "ursula", "g", policy, most);
    assertThat(stores().groups().create(group, -1).group()).isEqualTo(group);
    return group;
  }

  private ServerId member(UUID group, long most) {
    return server(
        new BootTerms(
            1,
            Map.of(Resource.SERVER_GROUP_MEMBERS, most),
            Optional.of(group),
            List.of(),
            List.of()));
  }

  private ServerId server(BootTerms terms) {
    return stores()
        .servers()
        .requestCreate(List.of(Samples.server("s", project)), terms, Samples.request())
        .getFirst()
        .id();
  }

  private boolean takes(ServerId server, HostName host) {
    return stores()
        .claims()
        .claim(new ClaimId(UUID.randomUUID()), server, host, Samples.SHARE, Samples.PLENTY)
        .isPresent();
  }

  // ---- servers

  @Test
  void of_servers_shows_its_members_that_are_not_deleted() {
    NewGroup group = group(Policy.SOFT_AFFINITY, Optional.empty());
    ServerId a = member(group.id(), 2);
    ServerId b = member(group.id(), 2);
    assertThat(stores().groups().find(group.id()))
        .contains(new ServerGroupRecord(group, List.of(a, b)));
    assertThat(stores().groups().of(List.of(a, new ServerId(UUID.randomUUID()))))
        .isEqualTo(Map.of(a, group.id()));
    assertThatThrownBy(() -> member(group.id(), 2))
        .hasMessage("Quota exceeded, too many servers in group");
    Samples samples = new Samples(this::stores);
    stores().servers().requestDelete(a, Samples.request());
    // The boot goes first, and ends because of the delete.
    stores()
        .servers()
        .failed(samples.lease(a), a, VmState.ERROR, PowerState.NOSTATE, Samples.FAILURE, true);
    stores().servers().deleted(samples.lease(a), a);
    assertThat(stores().groups().find(group.id()).orElseThrow().members()).containsExactly(b);
    ServerId _ = member(group.id(), 2);
  }

  @Test
  void of_servers_goes_and_leaves_its_members() {
    NewGroup group = group(Policy.ANTI_AFFINITY, Optional.empty());
    ServerId a = member(group.id(), -1);
    ServerId b = member(group.id(), -1);
    assertThat(takes(a, one)).isTrue();
    assertThat(stores().groups().delete(group.id())).isTrue();
    assertThat(stores().groups().delete(group.id())).isFalse();
    assertThat(stores().groups().of(List.of(a, b))).isEmpty();
    assertThat(takes(b, one)).isTrue();
    assertThatThrownBy(() -> member(group.id(), -1))
        .hasMessage("Instance group %s could not be found.".formatted(group.id()));
  }

  @Test
  void of_servers_is_one_of_so_many_of_its_project() {
    NewGroup first = group(Policy.AFFINITY, Optional.empty());
    NewGroup next =
        new NewGroup(UUID.randomUUID(), project, "u", "g", Policy.AFFINITY, Optional.empty());
    assertThatThrownBy(() -> stores().groups().create(next, 1))
        .hasMessage("Quota exceeded, too many server groups.");
    assertThat(stores().groups().create(next, 2).members()).isEmpty();
    assertThat(stores().groups().count(project)).isEqualTo(2);
    assertThat(stores().groups().list(Optional.of(project), 0, 10))
        .extracting(ServerGroupRecord::group)
        .containsExactly(first, next);
    assertThat(stores().groups().list(Optional.of(project), 1, 10)).hasSize(1);
  }

  @Test
  @Tag("S114")
  void of_servers_apart_takes_each_host_once_however_many_ask_at_once() {
    NewGroup group = group(Policy.ANTI_AFFINITY, Optional.empty());
    List<ServerId> members = IntStream.range(0, 8).mapToObj(_ -> member(group.id(), -1)).toList();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(
              members.stream()
                  .map(each -> CompletableFuture.supplyAsync(() -> takes(each, one), threads))
                  .toList()
                  .stream()
                  .map(CompletableFuture::join)
                  .filter(taken -> taken))
          .hasSize(1);
    }
  }

  @Test
  void of_servers_apart_may_have_several_on_a_host() {
    NewGroup group = group(Policy.ANTI_AFFINITY, Optional.of(2));
    assertThat(takes(member(group.id(), -1), one)).isTrue();
    assertThat(takes(member(group.id(), -1), one)).isTrue();
    ServerId third = member(group.id(), -1);
    assertThat(takes(third, one)).isFalse();
    assertThat(takes(third, two)).isTrue();
    assertThat(stores().groups().rules(third).group().orElseThrow().others())
        .isEqualTo(Map.of(one, 2));
  }

  @Test
  void of_servers_together_stays_on_the_host_of_the_first() {
    NewGroup group = group(Policy.AFFINITY, Optional.empty());
    ServerId first = member(group.id(), -1);
    ServerId second = member(group.id(), -1);
    assertThat(takes(first, one)).isTrue();
    assertThat(takes(second, two)).isFalse();
    assertThat(takes(second, one)).isTrue();
    assertThat(takes(first, two)).isFalse();
  }

  @Test
  void of_servers_that_would_rather_be_apart_refuses_nothing() {
    NewGroup group = group(Policy.SOFT_ANTI_AFFINITY, Optional.empty());
    assertThat(takes(member(group.id(), -1), one)).isTrue();
    ServerId second = member(group.id(), -1);
    PlacementRules rules = stores().groups().rules(second);
    assertThat(rules.group().orElseThrow().on(one)).isOne();
    assertThat(rules.group().orElseThrow().on(two)).isZero();
    assertThat(rules.group().orElseThrow().allows(one)).isTrue();
    assertThat(takes(second, one)).isTrue();
  }

  @Test
  void of_hints_says_where_the_others_are() {
    ServerId a = server(BootTerms.NONE);
    assertThat(takes(a, one)).isTrue();
    ServerId b = server(new BootTerms(1, Map.of(), Optional.empty(), List.of(a), List.of()));
    ServerId c = server(new BootTerms(1, Map.of(), Optional.empty(), List.of(), List.of(a)));
    assertThat(stores().groups().rules(b).apartFrom().places()).isEqualTo(Map.of(a, Set.of(one)));
    assertThat(stores().groups().rules(c).nextTo().orElseThrow().places())
        .isEqualTo(Map.of(a, Set.of(one)));
  }

  // ---- hosts

  private Aggregate aggregate(String name, Optional<String> zone) {
    return stores().aggregates().create(UUID.randomUUID(), name + project, zone);
  }

  private static void assertRefused(ErrorCode code, Runnable change) {
    assertThatThrownBy(change::run)
        .isInstanceOfSatisfying(ComputeException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void of_hosts_is_made_changed_and_removed() {
    AggregateStore all = stores().aggregates();
    Aggregate made = aggregate("a", Optional.empty());
    assertThat(made.zone()).isEmpty();
    assertRefused(ErrorCode.AGGREGATE_EXISTS, () -> aggregate("a", Optional.empty()));
    assertThat(all.addHost(made.number(), one).hosts()).containsExactly(one);
    assertRefused(ErrorCode.AGGREGATE_HOST_CONFLICT, () -> all.addHost(made.number(), one));
    assertRefused(
        ErrorCode.AGGREGATE_NOT_FOUND, () -> all.addHost(made.number(), new HostName("nowhere")));
    Aggregate changed =
        all.setMetadata(made.number(), Map.of("ssd", Optional.of("yes"), "no", Optional.empty()));
    assertThat(changed.metadata()).isEqualTo(Map.of("ssd", "yes"));
    assertThat(changed.updatedAt()).isPresent();
    assertThat(all.update(made.number(), Optional.of("b" + project), Optional.empty()).name())
        .isEqualTo("b" + project);
    assertRefused(ErrorCode.INVALID_AGGREGATE_ACTION, () -> all.delete(made.number()));
    assertThat(all.removeHost(made.number(), one).hosts()).isEmpty();
    assertRefused(ErrorCode.AGGREGATE_NOT_FOUND, () -> all.removeHost(made.number(), one));
    all.delete(made.number());
    assertThat(all.find(made.number())).isEmpty();
    assertRefused(ErrorCode.AGGREGATE_NOT_FOUND, () -> all.delete(made.number()));
  }

  @Test
  void of_hosts_puts_no_host_into_two_zones() {
    AggregateStore all = stores().aggregates();
    Aggregate east = aggregate("east", Optional.of("east"));
    Aggregate west = aggregate("west", Optional.of("west"));
    Aggregate plain = aggregate("plain", Optional.empty());
    all.addHost(east.number(), one);
    all.addHost(plain.number(), one);
    assertThat(all.zones()).containsEntry(one, "east").doesNotContainKey(two);
    assertThat(all.zones(List.of(one, two))).isEqualTo(Map.of(one, "east"));
    assertThat(all.zones(List.of(two))).isEmpty();
    assertThatThrownBy(() -> all.addHost(west.number(), one))
        .hasMessage(
            "Cannot add host to aggregate %d. Reason: One or more hosts already in availability zone(s) ['east']."
                .formatted(west.number()));
    assertRefused(
        ErrorCode.INVALID_AGGREGATE_ACTION,
        () -> all.update(plain.number(), Optional.empty(), Optional.of("west")));
    assertRefused(
        ErrorCode.INVALID_AGGREGATE_ACTION,
        () -> all.setMetadata(plain.number(), Map.of(AggregateStore.ZONE, Optional.of("west"))));
    assertThat(all.update(plain.number(), Optional.empty(), Optional.of("east")).zone())
        .contains("east");
    all.removeHost(east.number(), one);
    all.removeHost(plain.number(), one);
  }

  @Test
  void of_hosts_moves_no_server_into_another_zone() {
    AggregateStore all = stores().aggregates();
    Aggregate south = aggregate("south", Optional.of("south"));
    assertThat(takes(server(BootTerms.NONE), one)).isTrue();
    assertThatThrownBy(() -> all.addHost(south.number(), one))
        .hasMessageContaining("would change from 'None' to 'south' but the host already has 1");
    all.addHost(south.number(), two);
    assertThat(takes(server(BootTerms.NONE), two)).isTrue();
    assertRefused(ErrorCode.AGGREGATE_HOST_CONFLICT, () -> all.removeHost(south.number(), two));
    assertThatThrownBy(() -> all.update(south.number(), Optional.empty(), Optional.of("north")))
        .hasMessage(
            "Cannot update aggregate %d. Reason: One or more hosts contain instances in this zone."
                .formatted(south.number()));
  }

  // ---- what is private, and what is removed

  @Test
  void of_projects_may_use_a_private_flavor() {
    FlavorStore flavors = stores().flavors();
    FlavorRecord own =
        new FlavorRecord(
            "own-" + project,
            "own-" + project,
            1,
            64,
            1,
            0,
            0,
            false,
            Map.of("a", "1"),
            Optional.empty());
    assertThat(flavors.create(own)).isEqualTo(own);
    assertThat(flavors.grant(own.id(), project)).isTrue();
    assertThat(flavors.grant(own.id(), project)).isFalse();
    assertThat(flavors.access(own.id())).containsExactly(project);
    assertThat(flavors.accessible(project)).containsExactly(own.id());
    assertThat(flavors.change(own.id(), it -> it.with(Map.of("b", "2")).with(Optional.of("d"))))
        .contains(own.with(Map.of("b", "2")).with(Optional.of("d")));
    assertThat(flavors.find(own.id()).orElseThrow().extraSpecs()).isEqualTo(Map.of("b", "2"));
    assertThat(flavors.change("none", it -> it)).isEmpty();
    assertThat(flavors.revoke(own.id(), project)).isTrue();
    assertThat(flavors.revoke(own.id(), project)).isFalse();
    assertThat(flavors.grant(own.id(), project)).isTrue();
    assertThat(flavors.delete(own.id())).isTrue();
    assertThat(flavors.accessible(project)).isEmpty();
  }

  @Test
  void of_services_loses_a_host_that_nothing_is_on() {
    Duration hour = Duration.ofHours(1);
    AggregateStore all = stores().aggregates();
    Aggregate made = aggregate("gone", Optional.empty());
    all.addHost(made.number(), one);
    UUID service = stores().hosts().find(one, hour).orElseThrow().serviceUuid();
    ServerId server = server(BootTerms.NONE);
    ClaimId claim = new ClaimId(UUID.randomUUID());
    assertThat(stores().claims().claim(claim, server, one, Samples.SHARE, Samples.PLENTY))
        .isPresent();
    assertRefused(ErrorCode.HOST_IN_USE, () -> stores().hosts().removeService(service));
    stores().claims().release(claim);
    assertThat(stores().hosts().removeService(service)).isTrue();
    assertThat(stores().hosts().removeService(service)).isFalse();
    assertThat(stores().hosts().find(one, hour)).isEmpty();
    assertThat(stores().hosts().find(service, hour)).isEmpty();
    assertThat(all.find(made.number()).orElseThrow().hosts()).isEmpty();
    stores().hosts().report(Samples.report(one, 1, 2));
    assertThat(stores().hosts().find(one, hour)).isEmpty();
    stores().hosts().report(Samples.report(one, 2, 1));
    assertThat(stores().hosts().find(one, hour)).isPresent();
  }
}
