package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.conductor.Outbox;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.ServerStore.ConfigWish;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.ServerStore.Sort;
import dev.tern.store.ServerStore.SortKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every {@link ServerStore} keeps, real or in memory. */
abstract class ServerStoreContract {
  abstract Stores stores();

  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());
  private final String project = "project-" + UUID.randomUUID();

  @BeforeEach
  void hosts_report() {
    samples.host(home);
  }

  private ServerRecord create(String name) {
    return stores().servers().requestCreate(Samples.server(name, project), Samples.request());
  }

  private ServerRecord find(ServerId id) {
    return stores().servers().find(id).orElseThrow();
  }

  @Test
  void is_made_with_its_action_its_saga_and_the_message_that_wakes_a_conductor() {
    Requested by = Samples.request();
    ServerRecord made = stores().servers().requestCreate(Samples.server("new", project), by);
    assertThat(made.vmState()).isEqualTo(VmState.BUILDING);
    assertThat(made.task()).contains(TaskState.SCHEDULING);
    assertThat(made.power()).isEqualTo(PowerState.NOSTATE);
    assertThat(made.epoch()).isOne();
    assertThat(made.flavor()).isEqualTo(Samples.FLAVOR);
    assertThat(find(made.id())).isEqualTo(made);
    ActionRecord action = stores().actions().find(made.id(), by.request()).orElseThrow();
    assertThat(action.action()).isEqualTo("create");
    Lease saga = samples.lease(made.id());
    List<Outbox.Entry> owed = stores().outbox().take(100_000, Duration.ofSeconds(1));
    assertThat(owed)
        .anySatisfy(message -> {
          assertThat(message.exchange()).isEmpty();
          assertThat(message.routingKey()).isEqualTo("conductor");
          assertThat(message.type()).isEqualTo("ConductorMessage");
          assertThat(message.body())
              .isEqualTo("{\"type\":\"WakeSaga\",\"saga\":\"%s\"}".formatted(saga.saga()));
        });
  }

  @Test
  void keeps_the_administrator_s_password_only_until_it_is_built() {
    ConfigWish wish =
        new ConfigWish(true, Optional.empty(), Optional.empty(), Optional.of("kittiwake"));
    ServerRecord made =
        stores().servers().requestCreate(Samples.server("new", project, wish), Samples.request());
    assertThat(find(made.id()).config().adminPass()).contains("kittiwake");
    Lease lease = samples.lease(made.id());
    stores().servers().placed(lease, made.id(), home, samples.claim(made.id(), home));
    assertThat(find(made.id()).config().adminPass()).contains("kittiwake");
    stores().servers().running(lease, made.id());
    assertThat(find(made.id()).config().adminPass()).isEmpty();
    assertThat(find(made.id()).config().drive()).isTrue();
  }

  @Test
  void keeps_its_ephemeral_disks_in_their_order_whatever_becomes_of_the_flavor() {
    FlavorRecord flavor =
        new FlavorRecord(
            "f-" + UUID.randomUUID(),
            "f-" + UUID.randomUUID(),
            1,
            1 << 20,
            1,
            9,
            0,
            true,
            Map.of(),
            Optional.empty());
    assertThat(stores().flavors().create(flavor)).isEqualTo(flavor);
    for (List<Integer> disks : List.of(List.of(3, 1, 2), List.of(9), List.<Integer>of())) {
      ServerRecord made =
          stores()
              .servers()
              .requestCreate(Samples.server("new", project, flavor, disks), Samples.request());
      assertThat(made.ephemeralGib()).isEqualTo(disks);
      assertThat(find(made.id())).isEqualTo(made);
    }
    assertThat(create("plain").ephemeralGib()).isEqualTo(Samples.FLAVOR.ephemeralDisks()).isEmpty();
    assertThat(stores().flavors().delete(flavor.id())).isTrue();
    assertThat(stores().flavors().delete(flavor.id())).isFalse();
    assertThat(stores().flavors().find(flavor.id())).isEmpty();
    assertThat(
            stores()
                .servers()
                .list(
                    new ServerQuery(
                        Optional.of(project),
                        Optional.empty(),
                        Optional.empty(),
                        Set.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(flavor.id()),
                        Optional.empty(),
                        false,
                        List.of(new Sort(SortKey.CREATED_AT, false)),
                        Optional.empty(),
                        10)))
        .extracting(ServerRecord::ephemeralGib)
        .containsExactlyInAnyOrder(List.of(3, 1, 2), List.of(9), List.of());
  }

  @Test
  void boots() {
    ServerRecord made = create("new");
    Lease lease = samples.lease(made.id());
    ClaimId claim = samples.claim(made.id(), home);
    stores().servers().placed(lease, made.id(), home, claim);
    assertThat(find(made.id()).task()).contains(TaskState.SPAWNING);
    stores().servers().running(lease, made.id());
    ServerRecord active = find(made.id());
    assertThat(active.vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(active.power()).isEqualTo(PowerState.RUNNING);
    assertThat(active.task()).isEmpty();
    assertThat(active.host()).contains(home);
    assertThat(active.claim()).contains(claim);
    assertThat(active.launchedAt()).isPresent();
    assertThatThrownBy(() -> stores().servers().running(lease, made.id()))
        .isInstanceOf(LeaseLostException.class);
  }

  @Test
  void that_cannot_boot_says_why_and_holds_nothing() {
    Requested by = Samples.request();
    ServerRecord made = stores().servers().requestCreate(Samples.server("new", project), by);
    Lease lease = samples.lease(made.id());
    stores().servers().placed(lease, made.id(), home, samples.claim(made.id(), home));
    stores()
        .servers()
        .failed(lease, made.id(), VmState.ERROR, PowerState.NOSTATE, Samples.FAILURE, true);
    ServerRecord failed = find(made.id());
    assertThat(failed.vmState()).isEqualTo(VmState.ERROR);
    assertThat(failed.task()).isEmpty();
    assertThat(failed.fault().orElseThrow().failure()).isEqualTo(Samples.FAILURE);
    assertThat(failed.claim()).isEmpty();
    assertThat(stores().claims().of(made.id())).isEmpty();
    assertThat(stores().actions().find(made.id(), by.request()).orElseThrow().message())
        .contains("Error");
  }

  @Test
  void stops_and_starts_with_a_rising_epoch() {
    ServerRecord active = samples.active(home);
    ServerRecord stopping = stores().servers().requestStop(active.id(), Samples.request());
    assertThat(stopping.task()).contains(TaskState.POWERING_OFF);
    assertThat(stopping.epoch()).isEqualTo(active.epoch() + 1);
    stores().servers().stopped(samples.lease(active.id()), active.id());
    assertThat(find(active.id()).vmState()).isEqualTo(VmState.STOPPED);
    assertThat(find(active.id()).power()).isEqualTo(PowerState.SHUTDOWN);
    ServerRecord starting = stores().servers().requestStart(active.id(), Samples.request());
    assertThat(starting.task()).contains(TaskState.POWERING_ON);
    assertThat(starting.epoch()).isEqualTo(active.epoch() + 2);
  }

  @Test
  @Tag("S113")
  void in_the_wrong_state_refuses_in_novas_words() {
    ServerRecord active = samples.active(home);
    assertThatThrownBy(() -> stores().servers().requestStart(active.id(), Samples.request()))
        .hasMessage("Cannot 'start' instance %s while it is in vm_state active", active.id())
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    stores().servers().requestStop(active.id(), Samples.request());
    assertThatThrownBy(() -> stores().servers().requestStop(active.id(), Samples.request()))
        .hasMessage(
            "Cannot 'stop' instance %s while it is in task_state powering-off", active.id());
  }

  @Test
  void is_found_among_others_unless_it_is_deleted() {
    ServerRecord one = find(samples.active(home).id());
    ServerRecord other = find(samples.active(home).id());
    ServerRecord gone = find(samples.active(home).id());
    stores().servers().requestDelete(gone.id(), Samples.request());
    stores().servers().deleted(samples.lease(gone.id()), gone.id());
    ServerId unknown = new ServerId(UUID.randomUUID());
    assertThat(stores().servers().find(List.of(one.id(), other.id(), gone.id(), unknown)))
        .containsOnly(Map.entry(one.id(), one), Map.entry(other.id(), other));
    assertThat(stores().servers().find(List.of())).isEmpty();
  }

  @Test
  void deleted_twice_is_deleted_once_and_stays_listed_as_deleted() {
    ServerRecord active = find(samples.active(home).id());
    Requested by = Samples.request();
    ServerRecord first = stores().servers().requestDelete(active.id(), by);
    ServerRecord second = stores().servers().requestDelete(active.id(), Samples.request());
    assertThat(second.epoch()).isEqualTo(first.epoch());
    assertThat(stores().actions().list(active.id())).hasSize(2);
    stores().servers().deleted(samples.lease(active.id()), active.id());
    assertThat(stores().servers().find(active.id())).isEmpty();
    assertThat(stores().servers().findEvenDeleted(active.id()).orElseThrow().terminatedAt())
        .isPresent();
    assertThat(stores().claims().of(active.id())).isEmpty();
    assertThatThrownBy(() -> stores().servers().requestDelete(active.id(), by))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.INSTANCE_NOT_FOUND);
    assertThat(list(query(true, Optional.empty(), List.of(), Optional.empty(), 1000, "sea")))
        .extracting(ServerRecord::id)
        .contains(active.id());
    assertThat(list(query(false, Optional.empty(), List.of(), Optional.empty(), 1000, "sea")))
        .extracting(ServerRecord::id)
        .doesNotContain(active.id());
    assertThat(
            list(
                query(
                    false,
                    Optional.of(active.createdAt()),
                    List.of(),
                    Optional.empty(),
                    1000,
                    "sea")))
        .extracting(ServerRecord::id)
        .contains(active.id());
    assertThat(stores().actions().find(active.id(), by.request())).isPresent();
  }

  @Test
  void whose_delete_fails_can_be_deleted_again() {
    ServerRecord active = samples.active(home);
    stores().servers().requestDelete(active.id(), Samples.request());
    stores()
        .servers()
        .failed(
            samples.lease(active.id()),
            active.id(),
            VmState.ERROR,
            PowerState.NOSTATE,
            Samples.FAILURE,
            false);
    assertThat(find(active.id()).task()).isEmpty();
    assertThat(stores().servers().requestDelete(active.id(), Samples.request()).task())
        .contains(TaskState.DELETING);
  }

  @Test
  void whose_guest_ended_by_itself_is_stopped_unless_something_is_being_done_to_it() {
    ServerRecord active = samples.active(home);
    assertThat(stores().servers().guestEnded(active.id(), new HostName("elsewhere"))).isFalse();
    assertThat(stores().servers().guestEnded(new ServerId(UUID.randomUUID()), home)).isFalse();
    assertThat(stores().servers().guestEnded(active.id(), home)).isTrue();
    assertThat(find(active.id()).vmState()).isEqualTo(VmState.STOPPED);
    assertThat(stores().servers().guestEnded(active.id(), home)).isFalse();
    ServerRecord moving = samples.active(home);
    samples.accepted(moving.id());
    assertThat(stores().servers().guestEnded(moving.id(), home)).isFalse();
  }

  @Test
  void adds_to_what_its_project_uses() {
    create("a");
    create("b");
    assertThat(stores().servers().usage(project)).isEqualTo(new ServerStore.Usage(2, 2, 256));
  }

  @ParameterizedTest
  @EnumSource(SortKey.class)
  void is_listed_page_by_page_in_any_order_without_gap_or_repeat(SortKey key) {
    long seed = key.name().hashCode();
    Random random = new Random(seed);
    List<String> names = new ArrayList<>(Arrays.asList("b", "a", "b", "c", "a", "B"));
    for (String name : names) {
      ServerRecord made = create(name);
      if (random.nextBoolean()) {
        Lease lease = samples.lease(made.id());
        stores().servers().placed(lease, made.id(), home, samples.claim(made.id(), home));
        if (random.nextBoolean()) {
          stores().servers().running(lease, made.id());
        }
      }
    }
    for (boolean descending : new boolean[] {false, true}) {
      List<Sort> order = List.of(new Sort(key, descending), new Sort(SortKey.NAME, !descending));
      List<ServerRecord> all =
          list(query(false, Optional.empty(), order, Optional.empty(), 100, project));
      assertThat(all).as("seed %d", seed).hasSize(names.size());
      List<ServerRecord> paged = new ArrayList<>();
      Optional<ServerId> marker = Optional.empty();
      for (int page = 0; page < names.size(); page++) {
        List<ServerRecord> found = list(query(false, Optional.empty(), order, marker, 2, project));
        paged.addAll(found);
        if (found.isEmpty()) {
          break;
        }
        marker = Optional.of(found.getLast().id());
      }
      assertThat(paged).as("seed %d", seed).isEqualTo(all);
    }
  }

  @Test
  void is_listed_by_name_in_byte_order_and_then_by_id() {
    create("b");
    create("B");
    create("a");
    assertThat(
            list(
                query(
                    false,
                    Optional.empty(),
                    List.of(new Sort(SortKey.NAME, false)),
                    Optional.empty(),
                    10,
                    project)))
        .extracting(ServerRecord::name)
        .containsExactly("B", "a", "b");
  }

  @Test
  void is_found_by_a_regular_expression_of_its_name() {
    create("web-1");
    create("web-2");
    create("db-1");
    assertThat(named("^web-[0-9]$")).hasSize(2);
    assertThat(named("1")).hasSize(2);
    assertThatThrownBy(() -> named("web-["))
        .isInstanceOf(ComputeException.class)
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  @Test
  void after_an_unknown_marker_is_refused() {
    assertThatThrownBy(() ->
            list(
                query(
                    false,
                    Optional.empty(),
                    List.of(),
                    Optional.of(new ServerId(UUID.randomUUID())),
                    10,
                    project)))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  private List<ServerRecord> named(String name) {
    return list(
        new ServerQuery(
            Optional.of(project),
            Optional.of(name),
            Optional.empty(),
            Set.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false,
            List.of(),
            Optional.empty(),
            10));
  }

  private List<ServerRecord> list(ServerQuery query) {
    return stores().servers().list(query);
  }

  private static ServerQuery query(
      boolean deleted,
      Optional<Instant> since,
      List<Sort> sort,
      Optional<ServerId> marker,
      int limit,
      String project) {
    return new ServerQuery(
        Optional.of(project),
        Optional.empty(),
        Optional.empty(),
        Set.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        since,
        deleted,
        sort,
        marker,
        limit);
  }
}
