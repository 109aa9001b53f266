package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.store.DrainStore.Begun;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.Most;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.SagaStore.Lease;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every {@link DrainStore} keeps, real or in memory. */
@Tag("S138")
abstract class DrainStoreContract {
  private static final Most ANY = new Most(0, 0, 0);

  abstract Stores stores();

  private final Samples samples = new Samples(this::stores);
  private final HostName host = new HostName("host-" + UUID.randomUUID());
  private final HostName other = new HostName("other-" + UUID.randomUUID());

  @BeforeEach
  void hosts_report() {
    samples.host(host);
    samples.host(other);
  }

  private DrainStore drains() {
    return stores().drains();
  }

  private DrainRecord ask(HostName which, Wishes wishes, boolean dryRun) {
    return drains()
        .request(new NewDrain(UUID.randomUUID(), which, wishes, dryRun), Samples.request());
  }

  private DrainRecord ask() {
    return ask(host, Wishes.NONE, false);
  }

  private DrainRecord now(DrainRecord drain) {
    return drains().find(drain.id()).orElseThrow();
  }

  private HostRecord record(HostName name) {
    return stores().hosts().find(name, Duration.ofMinutes(1)).orElseThrow();
  }

  private boolean takes(HostName name) {
    ServerId server =
        stores().servers().requestCreate(Samples.server("s", "sea"), Samples.request()).id();
    ClaimId claim = new ClaimId(UUID.randomUUID());
    boolean taken =
        stores().claims().claim(claim, server, name, Samples.SHARE, Samples.PLENTY).isPresent();
    stores().claims().release(claim);
    return taken;
  }

  private static void refused(ErrorCode code, String words, ThrowingCallable what) {
    assertThatThrownBy(what)
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.explanation()).contains(words);
            });
  }

  private static Progress to(State state, DrainServer... servers) {
    return new Progress(state, Optional.empty(), Optional.empty(), List.of(servers));
  }

  private NewMigration migration(ServerId server, HostName to) {
    return new NewMigration(
        new MigrationId(UUID.randomUUID()),
        server,
        Optional.of(to),
        BlockMigration.AUTO,
        Optional.empty());
  }

  private Begun begin(DrainRecord seen, ServerId server, HostName to, Most most) {
    NewMigration migration = migration(server, to);
    return drains()
        .begin(
            seen,
            DrainServer.waiting(server, Leg.OUT, 0).moving(host, to, migration.id()),
            migration,
            most);
  }

  @Test
  void closes_its_host_at_once_and_says_why() {
    assertThat(takes(host)).isTrue();
    DrainRecord drain = ask();
    assertThat(drain.state()).isEqualTo(State.DRAINING);
    assertThat(record(host).disabled()).isTrue();
    assertThat(record(host).disabledReason())
        .contains("drain %s is emptying it".formatted(drain.id()));
    assertThat(takes(host)).isFalse();
    assertThat(takes(other)).isTrue();
  }

  @Test
  void asked_for_twice_is_one() {
    DrainRecord drain = ask();
    assertThat(ask().id()).isEqualTo(drain.id());
    assertThat(drains().unfinished(host)).map(DrainRecord::id).contains(drain.id());
    assertThat(drains().list(Optional.of(host), false, Optional.empty(), 10)).hasSize(1);
    assertThat(ask(other, Wishes.NONE, false).id()).isNotEqualTo(drain.id());
  }

  @Test
  void of_an_unknown_host_is_refused() {
    refused(
        ErrorCode.COMPUTE_HOST_NOT_FOUND,
        "nobody",
        () -> ask(new HostName("nobody"), Wishes.NONE, false));
  }

  @Test
  void that_only_plans_touches_nothing() {
    DrainRecord plan = ask(host, Wishes.NONE, true);
    assertThat(plan.state()).isEqualTo(State.PLANNING);
    assertThat(record(host).disabled()).isFalse();
    assertThat(takes(host)).isTrue();
    assertThat(ask(host, Wishes.NONE, true).id()).isNotEqualTo(plan.id());
    assertThat(drains().unfinished(host)).isEmpty();
    refused(ErrorCode.DRAIN_CONFLICT, "only planned", () -> order(plan, Order.RETURN));
  }

  private DrainRecord order(DrainRecord drain, Order order) {
    return drains().order(drain.id(), order);
  }

  @Test
  void keeps_what_is_wished_and_found() {
    ServerId server = samples.active(host).id();
    Wishes wishes =
        new Wishes(
            Optional.of(Instant.parse("2026-11-23T02:00:00Z")),
            new Limits(
                Optional.of(2),
                Optional.of(1),
                Optional.of(4),
                Optional.of(1L << 20),
                Optional.of(3)),
            Sequence.GIVEN,
            List.of(server),
            OnCannotMove.ASK,
            Set.of(other));
    DrainRecord drain = ask(host, wishes, false);
    assertThat(drain.wishes()).isEqualTo(wishes);
    Plan plan =
        new Plan(
            Instant.parse("2026-11-22T20:00:00Z"),
            List.of(
                new PlannedMove(
                    server,
                    Optional.of(other),
                    42,
                    Duration.ZERO,
                    Duration.ofSeconds(3),
                    Optional.of(Duration.ofMillis(50)),
                    "")),
            Duration.ofSeconds(3),
            Duration.ofSeconds(2),
            "measured",
            List.of("fine"));
    DrainServer waits =
        DrainServer.waiting(server, Leg.OUT, 7)
            .later(Instant.parse("2026-11-22T20:00:10Z"), "no room", true, Map.of(other, "full"));
    assertThat(
            drains()
                .save(
                    drain,
                    new Progress(
                        State.DRAINING,
                        Optional.of(plan),
                        Optional.of("it waits"),
                        List.of(waits))))
        .isTrue();
    assertThat(now(drain).plan()).contains(plan);
    assertThat(now(drain).waiting()).contains("it waits");
    assertThat(drains().servers(drain.id())).containsExactly(waits);
    DrainServer moved =
        waits.moved(other, Duration.ofSeconds(4), 77, Optional.of(Duration.ofMillis(12)));
    assertThat(drains().save(now(drain), to(State.DRAINING, moved))).isTrue();
    assertThat(drains().servers(drain.id())).containsExactly(moved);
  }

  @Test
  void is_not_written_by_who_has_not_seen_its_last_change() {
    DrainRecord seen = ask();
    var _ = order(seen, Order.PAUSE);
    assertThat(drains().save(seen, to(State.DRAINED))).isFalse();
    ServerId server = samples.active(other).id();
    assertThat(begin(seen, server, other, ANY)).isEqualTo(Begun.STALE);
    assertThat(now(seen).state()).isEqualTo(State.DRAINING);
    assertThat(now(seen).paused()).isTrue();
    assertThat(order(seen, Order.RESUME).paused()).isFalse();
  }

  @Test
  void begins_a_migration_and_notes_it_together() {
    ServerId server = samples.active(host).id();
    DrainRecord drain = ask();
    assertThat(begin(drain, server, other, ANY)).isEqualTo(Begun.YES);
    DrainServer row = drains().servers(drain.id()).getFirst();
    assertThat(row.state()).isEqualTo(ServerState.MOVING);
    assertThat(row.tries()).isEqualTo(1);
    MigrationRecord migration =
        stores().migrations().find(row.migration().orElseThrow()).orElseThrow();
    assertThat(migration.requestedHost()).contains(other);
    assertThat(migration.user()).isEqualTo("ursula");
    assertThat(begin(now(drain), server, other, ANY))
        .as("decided before, and begun by somebody else meanwhile")
        .isEqualTo(Begun.STALE);
    assertThat(drains().servers(drain.id())).containsExactly(row);
  }

  @Test
  void begins_nothing_of_a_server_that_is_busy() {
    ServerId server = samples.active(host).id();
    var _ = samples.accepted(server);
    DrainRecord drain = ask();
    refused(
        ErrorCode.INSTANCE_INVALID_STATE,
        "task_state migrating",
        () -> begin(drain, server, other, ANY));
    assertThat(drains().servers(drain.id())).isEmpty();
  }

  @Test
  void begins_no_more_than_may_run_at_once() {
    ServerId first = samples.active(host).id();
    ServerId second = samples.active(host).id();
    DrainRecord drain = ask();
    assertThat(begin(drain, first, other, new Most(1, 1, 0))).isEqualTo(Begun.YES);
    assertThat(drains().arriving(List.of(host, other))).isEqualTo(Map.of(other, 1));
    assertThat(begin(now(drain), second, other, new Most(1, 0, 0))).isEqualTo(Begun.LIMITED);
    assertThat(begin(now(drain), second, other, new Most(0, 1, 0))).isEqualTo(Begun.LIMITED);
    assertThat(begin(now(drain), second, other, new Most(0, 0, 1))).isEqualTo(Begun.LIMITED);
    assertThat(begin(now(drain), second, other, new Most(2, 2, 0))).isEqualTo(Begun.YES);
  }

  @Test
  void knows_what_is_on_its_host_and_what_arrives() {
    assertThat(drains().occupancy(host).empty()).isTrue();
    ServerId here = samples.active(host).id();
    ServerId away = samples.active(other).id();
    var _ = samples.claim(away, host);
    assertThat(drains().occupancy(host).servers()).containsExactly(here);
    assertThat(drains().occupancy(host).arriving()).isEqualTo(1);
    assertThat(drains().occupancy(host).empty()).isFalse();
  }

  @Test
  void is_shown_its_host_empty_only_when_what_left_is_cleared_away() {
    ServerId server = samples.active(host).id();
    MigrationRecord migration = samples.accepted(server);
    Lease lease = samples.lease(server);
    ClaimId claim = samples.claim(server, other);
    stores().migrations().planned(lease, migration.id(), other, claim, 1);
    stores().migrations().ownerChanged(lease, migration.id(), Samples.PAUSE);
    assertThat(drains().occupancy(host).servers()).isEmpty();
    assertThat(drains().occupancy(host).arriving()).isZero();
    assertThat(drains().occupancy(host).empty()).isFalse();
    stores().migrations().completed(lease, migration.id());
    assertThat(drains().occupancy(host).empty()).isTrue();
  }

  @Test
  void that_is_cancelled_opens_its_host_and_gives_up_what_waits() {
    ServerId moving = samples.active(host).id();
    ServerId waiting = samples.active(host).id();
    DrainRecord drain = ask();
    assertThat(begin(drain, moving, other, ANY)).isEqualTo(Begun.YES);
    assertThat(
            drains().save(now(drain), to(State.DRAINING, DrainServer.waiting(waiting, Leg.OUT, 1))))
        .isTrue();
    DrainRecord cancelled = order(drain, Order.CANCEL);
    assertThat(cancelled.state()).isEqualTo(State.CANCELLED);
    assertThat(cancelled.endedAt()).isPresent();
    assertThat(order(drain, Order.CANCEL).revision()).isEqualTo(cancelled.revision());
    assertThat(order(drain, Order.ABORT).abortMoving()).isTrue();
    assertThat(record(host).disabled()).isFalse();
    assertThat(takes(host)).isTrue();
    assertThat(drains().servers(drain.id()))
        .extracting(DrainServer::state)
        .containsExactly(ServerState.MOVING, ServerState.LEFT);
    assertThat(drains().open(1_000_000)).extracting(DrainRecord::id).contains(drain.id());
    refused(ErrorCode.DRAIN_CONFLICT, "still moving", () -> order(drain, Order.RETURN));
    refused(ErrorCode.DRAIN_CONFLICT, "is cancelled", () -> order(drain, Order.PAUSE));
    refused(
        ErrorCode.DRAIN_CONFLICT, "is cancelled", () -> drains().change(drain.id(), Wishes.NONE));
  }

  @Test
  void leaves_a_service_disabled_that_others_disabled() {
    assertThat(stores().hosts().setDisabled(host, true, Optional.of("disk"))).isTrue();
    DrainRecord drain = ask();
    assertThat(record(host).disabledReason()).contains("disk");
    var _ = order(drain, Order.CANCEL);
    assertThat(record(host).disabled()).isTrue();
    assertThat(takes(host)).isTrue();
    DrainRecord second = ask(other, Wishes.NONE, false);
    assertThat(stores().hosts().setDisabled(other, true, Optional.of("disk"))).isTrue();
    var _ = order(second, Order.CANCEL);
    assertThat(record(other).disabledReason()).contains("disk");
  }

  @Test
  void keeps_its_host_closed_until_somebody_enables_it() {
    DrainRecord drain = ask();
    refused(
        ErrorCode.DRAIN_CONFLICT,
        drain.id().toString(),
        () -> stores().hosts().setDisabled(host, false, Optional.empty()));
    assertThat(record(host).disabled()).isTrue();
    assertThat(drains().save(drain, to(State.DRAINED))).isTrue();
    assertThat(now(drain).endedAt()).isPresent();
    assertThat(takes(host)).isFalse();
    assertThat(drains().closing(host)).map(DrainRecord::id).contains(drain.id());
    assertThat(drains().closing(other)).isEmpty();
    assertThat(drains().open(1_000_000)).extracting(DrainRecord::id).doesNotContain(drain.id());
    assertThat(stores().hosts().setDisabled(host, false, Optional.empty())).isTrue();
    assertThat(takes(host)).isTrue();
    assertThat(drains().closing(host)).isEmpty();
  }

  @Test
  void brings_home_what_it_has_moved() {
    ServerId moved = samples.active(other).id();
    ServerId left = samples.active(host).id();
    DrainRecord drain = ask();
    assertThat(
            drains()
                .save(
                    drain,
                    to(
                        State.INCOMPLETE,
                        DrainServer.waiting(moved, Leg.OUT, 3)
                            .moved(other, Duration.ofSeconds(1), 1, Optional.empty()),
                        DrainServer.waiting(left, Leg.OUT, 4).in(ServerState.LEFT, "locked"))))
        .isTrue();
    DrainRecord returning = order(drain, Order.RETURN);
    assertThat(returning.state()).isEqualTo(State.RETURNING);
    assertThat(returning.endedAt()).isEmpty();
    assertThat(record(host).disabled()).isFalse();
    assertThat(takes(host)).isTrue();
    assertThat(drains().servers(drain.id()))
        .filteredOn(each -> each.leg() == Leg.HOME)
        .containsExactly(DrainServer.waiting(moved, Leg.HOME, 3));
    assertThat(order(drain, Order.RETURN).revision()).isEqualTo(returning.revision());
    refused(ErrorCode.DRAIN_CONFLICT, "coming home", this::ask);
    assertThat(drains().save(now(drain), to(State.RETURNED))).isTrue();
    assertThat(ask().id()).isNotEqualTo(drain.id());
    refused(
        ErrorCode.DRAIN_NOT_FOUND,
        "could not be found",
        () -> drains().order(UUID.randomUUID(), Order.PAUSE));
  }

  @Test
  void whose_wishes_change_tries_again_what_it_gave_up() {
    ServerId server = samples.active(host).id();
    DrainRecord drain = ask();
    assertThat(
            drains()
                .save(
                    drain,
                    to(
                        State.DRAINING,
                        DrainServer.waiting(server, Leg.OUT, 0)
                            .later(Instant.EPOCH, "full", true, Map.of(other, "full"))
                            .in(ServerState.ASKING, "full"))))
        .isTrue();
    Wishes wishes =
        new Wishes(
            Optional.empty(),
            Limits.NONE,
            Sequence.LARGEST_FIRST,
            List.of(),
            OnCannotMove.STOP,
            Set.of());
    assertThat(drains().change(drain.id(), wishes).wishes()).isEqualTo(wishes);
    DrainServer row = drains().servers(drain.id()).getFirst();
    assertThat(row.state()).isEqualTo(ServerState.WAITING);
    assertThat(row.tries()).isZero();
    assertThat(row.refused()).isEmpty();
  }

  @Test
  void is_listed_newest_first_page_by_page() {
    DrainRecord first = ask();
    var _ = order(first, Order.CANCEL);
    DrainRecord second = ask();
    assertThat(drains().list(Optional.of(host), false, Optional.empty(), 1))
        .extracting(DrainRecord::id)
        .containsExactly(second.id());
    assertThat(drains().list(Optional.of(host), false, Optional.of(second.id()), 5))
        .extracting(DrainRecord::id)
        .containsExactly(first.id());
  }

  private List<UUID> listed(boolean dryRuns, Optional<UUID> marker, int limit) {
    return drains().list(Optional.of(host), dryRuns, marker, limit).stream()
        .map(DrainRecord::id)
        .toList();
  }

  @Test
  void is_listed_without_dry_runs_between_unless_they_are_asked_for() {
    DrainRecord first = ask();
    var _ = order(first, Order.CANCEL);
    DrainRecord waits = ask(host, Wishes.NONE, true);
    DrainRecord plans = ask(host, Wishes.NONE, true);
    assertThat(drains().save(plans, to(State.PLANNED))).isTrue();
    DrainRecord second = ask();
    DrainRecord latest = ask(host, Wishes.NONE, true);

    assertThat(listed(false, Optional.empty(), 2)).containsExactly(second.id(), first.id());
    assertThat(listed(false, Optional.of(second.id()), 1)).containsExactly(first.id());
    assertThat(listed(false, Optional.of(plans.id()), 5)).containsExactly(first.id());
    assertThat(listed(true, Optional.empty(), 3))
        .containsExactly(latest.id(), second.id(), plans.id());
    assertThat(listed(true, Optional.of(plans.id()), 3)).containsExactly(waits.id(), first.id());
  }

  @Test
  void is_forgotten_when_it_was_a_dry_run_and_old() {
    ServerId server = samples.active(host).id();
    DrainRecord real = ask();
    DrainRecord plans = ask(host, Wishes.NONE, true);
    assertThat(drains().save(plans, to(State.PLANNED, DrainServer.waiting(server, Leg.OUT, 0))))
        .isTrue();
    DrainRecord waits = ask(host, Wishes.NONE, true);
    stores().pass(Duration.ofMinutes(59));
    DrainRecord young = ask(host, Wishes.NONE, true);
    int _ = drains().forgetDryRuns(Duration.ofHours(1));
    assertThat(listed(true, Optional.empty(), 9))
        .containsExactly(young.id(), waits.id(), plans.id(), real.id());

    stores().pass(Duration.ofMinutes(1));
    assertThat(drains().forgetDryRuns(Duration.ofHours(1))).isPositive();
    assertThat(listed(true, Optional.empty(), 9)).containsExactly(young.id(), real.id());
    assertThat(drains().find(plans.id())).isEmpty();
    assertThat(drains().servers(plans.id())).isEmpty();
    assertThat(drains().save(waits, to(State.PLANNED))).isFalse();
    refused(ErrorCode.DRAIN_NOT_FOUND, "could not be found", () -> order(plans, Order.CANCEL));
  }

  @Test
  void whose_migration_failed_has_the_server_on_its_host() {
    ServerId server = samples.active(host).id();
    DrainRecord drain = ask();
    assertThat(begin(drain, server, other, ANY)).isEqualTo(Begun.YES);
    MigrationId id = drains().servers(drain.id()).getFirst().migration().orElseThrow();
    Lease lease = samples.lease(server);
    stores()
        .migrations()
        .rolledBack(
            lease,
            id,
            MigrationStatus.FAILED,
            new Failure(ErrorCode.HYPERVISOR_FAILED, "The mirror broke off."));
    assertThat(drains().occupancy(host).servers()).containsExactly(server);
    assertThat(drains().occupancy(host).empty()).isFalse();
  }
}
