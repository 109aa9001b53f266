package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.conductor.Outbox;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Verdict;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.DecisionStore.KeptDecision;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.HostStore.HostGlance;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.HostStore.HostState;
import dev.tern.store.HostStore.ServiceBeat;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the smaller stores keep, real or in memory. */
abstract class OtherStoresContract {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  abstract Stores stores();

  private final HostName host = new HostName("host-" + UUID.randomUUID());

  private HostRecord host() {
    return stores().hosts().find(host, MINUTE).orElseThrow();
  }

  private ServerId server() {
    return stores().servers().requestCreate(Samples.server("s", "sea"), Samples.request()).id();
  }

  // ---- hosts

  @Test
  void a_host_is_as_its_newest_report_says() {
    stores().hosts().report(Samples.report(host, 10, 2));
    stores().hosts().report(Samples.report(host, 10, 1));
    assertThat(host().report().sequence()).isEqualTo(2);
    stores().hosts().report(Samples.report(host, 11, 1));
    assertThat(host().report().agentStartedAtMillis()).isEqualTo(11);
    stores().hosts().report(Samples.report(host, 10, 3));
    assertThat(host().report()).isEqualTo(Samples.report(host, 11, 1));
  }

  @Test
  void a_host_whose_clock_went_back_is_believed_after_a_silence() {
    stores().hosts().report(Samples.report(host, 10, 2));
    stores().pass(MINUTE);
    stores().hosts().report(Samples.report(host, 9, 1));
    assertThat(host().report().agentStartedAtMillis()).isEqualTo(9);
  }

  @Test
  void a_host_is_up_while_it_beats_unless_forced_down() {
    stores().hosts().report(Samples.report(host, 1, 1));
    assertThat(host().up()).isTrue();
    assertThat(stores().hosts().setForcedDown(host, true)).isTrue();
    assertThat(host().up()).isFalse();
    stores().hosts().setForcedDown(host, false);
    stores().pass(MINUTE.plusSeconds(1));
    assertThat(host().up()).isFalse();
    stores().hosts().report(Samples.report(host, 1, 2));
    assertThat(host().up()).isTrue();
  }

  @Test
  void a_glance_at_hosts_is_as_each_is() {
    HostName gone = new HostName("host-" + UUID.randomUUID());
    stores().hosts().report(Samples.report(host, 7, 3));
    stores().hosts().setDisabled(host, true, Optional.of("fan"));
    stores().hosts().report(Samples.report(gone, 1, 1));
    stores().hosts().removeService(stores().hosts().find(gone, MINUTE).orElseThrow().serviceUuid());
    HostRecord is = host();
    assertThat(stores().hosts().glances(MINUTE))
        .filteredOn(each -> each.host().equals(host) || each.host().equals(gone))
        .containsExactly(
            new HostGlance(host, 7, 3, true, true, Optional.of("fan"), false, is.claimed(), 0));
    assertThat(stores().hosts().reports(List.of(host, gone))).isEqualTo(Map.of(host, is.report()));
    stores().pass(MINUTE.plusSeconds(1));
    assertThat(stores().hosts().glances(MINUTE))
        .filteredOn(each -> each.host().equals(host))
        .extracting(HostGlance::up)
        .containsExactly(false);
  }

  @Test
  void decisions_are_kept_within_bounds() {
    ServerId server = server();
    RequestId request = RequestId.of(UUID.randomUUID());
    ClaimId first = new ClaimId(UUID.randomUUID());
    ClaimId second = new ClaimId(UUID.randomUUID());
    Duration day = Duration.ofDays(1);
    stores().decisions().keep(request, first, decision(server, 1), 1_000, day);
    stores().decisions().keep(request, second, decision(server, 2), 1_000, day);
    stores().decisions().keep(request, first, decision(server, 3), 1_000, day);
    assertThat(stores().decisions().of(request))
        .extracting(KeptDecision::claim, kept -> kept.decision().looked())
        .containsExactly(tuple(first, 3), tuple(second, 2));
    assertThat(stores().decisions().of(server, 1))
        .extracting(KeptDecision::decision)
        .containsExactly(decision(server, 2));
    assertThat(stores().decisions().of(RequestId.of(UUID.randomUUID()))).isEmpty();
    stores().decisions().keep(request, new ClaimId(UUID.randomUUID()), decision(server, 4), 1, day);
    assertThat(stores().decisions().of(server, 10))
        .extracting(kept -> kept.decision().looked())
        .containsExactly(4);
  }

  private Decision decision(ServerId server, int looked) {
    return new Decision(
        server,
        Optional.of(host),
        Optional.empty(),
        looked,
        1,
        List.of(new Verdict(host, List.of(), List.of(new Decision.Score("RAMWeigher", 2.5, 1)), 1)),
        List.of(),
        List.of());
  }

  @Test
  void states_of_hosts_are_read_together() {
    HostName down = new HostName("host-" + UUID.randomUUID());
    HostName gone = new HostName("host-" + UUID.randomUUID());
    HostName never = new HostName("host-" + UUID.randomUUID());
    for (HostName each : List.of(down, gone)) {
      stores().hosts().report(Samples.report(each, 1, 1));
    }
    stores().hosts().setForcedDown(down, true);
    UUID service = stores().hosts().find(gone, MINUTE).orElseThrow().serviceUuid();
    assertThat(stores().hosts().removeService(service)).isTrue();
    stores().pass(MINUTE.multipliedBy(2));
    HostName silent = new HostName("host-" + UUID.randomUUID());
    stores().hosts().report(Samples.report(host, 1, 1));
    stores().hosts().setDisabled(host, true, Optional.empty());
    stores().hosts().report(Samples.report(silent, 1, 1));
    stores().pass(MINUTE.multipliedBy(2));
    stores().hosts().report(Samples.report(host, 1, 2));
    assertThat(stores().hosts().states(List.of(host, down, gone, never, silent), MINUTE))
        .isEqualTo(
            Map.of(
                host, new HostState(true, true, false),
                down, new HostState(false, false, true),
                silent, new HostState(false, false, false)));
    assertThat(stores().hosts().states(List.of(), MINUTE)).isEmpty();
  }

  @Test
  void servers_of_hosts_are_read_together() {
    HostName other = new HostName("host-" + UUID.randomUUID());
    HostName bare = new HostName("host-" + UUID.randomUUID());
    Samples samples = new Samples(this::stores);
    List.of(host, other, bare).forEach(samples::host);
    ServerId first = samples.active(host).id();
    ServerId elsewhere = samples.active(other).id();
    ServerId second = samples.active(host).id();
    ServerId gone = samples.active(host).id();
    stores().servers().requestDelete(gone, Samples.request());
    stores().servers().deleted(samples.lease(gone), gone);
    var servers = stores().servers().onHosts(List.of(host, other, bare));
    assertThat(servers.keySet()).containsExactlyInAnyOrder(host, other);
    assertThat(servers.get(host)).containsExactlyInAnyOrder(first, second);
    assertThat(servers.get(other)).containsExactly(elsewhere);
    assertThat(stores().servers().onHosts(List.of(bare))).isEmpty();
    assertThat(stores().servers().onHosts(List.of())).isEmpty();
  }

  @Test
  void a_host_is_disabled_with_a_reason_and_stays_so_when_it_reports() {
    stores().hosts().report(Samples.report(host, 1, 1));
    assertThat(stores().hosts().setDisabled(host, true, Optional.of("disk"))).isTrue();
    stores().hosts().report(Samples.report(host, 1, 2));
    assertThat(host().disabledReason()).contains("disk");
    stores().hosts().setDisabled(host, false, Optional.of("fine"));
    assertThat(host().disabled()).isFalse();
    assertThat(host().disabledReason()).isEmpty();
    assertThat(stores().hosts().setDisabled(new HostName("nobody"), true, Optional.empty()))
        .isFalse();
    assertThat(stores().hosts().setForcedDown(new HostName("nobody"), true)).isFalse();
  }

  @Test
  void hosts_are_listed_in_pages_and_found_by_either_uuid() {
    for (int i = 0; i < 3; i++) {
      stores().hosts().report(Samples.report(new HostName(host + "-" + i), 1, 1));
    }
    List<HostRecord> all = stores().hosts().list(MINUTE, 0, 100_000);
    List<HostRecord> paged = new ArrayList<>();
    List<HostRecord> page = stores().hosts().list(MINUTE, 0, 2);
    while (!page.isEmpty()) {
      paged.addAll(page);
      page = stores().hosts().list(MINUTE, page.getLast().number(), 2);
    }
    assertThat(paged).extracting(HostRecord::number).isEqualTo(numbers(all)).isSorted();
    HostRecord one = all.getLast();
    assertThat(stores().hosts().find(one.uuid(), MINUTE).orElseThrow().number())
        .isEqualTo(one.number());
    assertThat(stores().hosts().find(one.serviceUuid(), MINUTE).orElseThrow().number())
        .isEqualTo(one.number());
    assertThat(stores().hosts().find(UUID.randomUUID(), MINUTE)).isEmpty();
  }

  private static List<Integer> numbers(List<HostRecord> hosts) {
    return hosts.stream().map(HostRecord::number).toList();
  }

  @Test
  void a_service_is_up_while_it_beats() {
    String name = "c-" + UUID.randomUUID();
    stores().hosts().beat("nova-conductor", name);
    stores().hosts().beat("nova-conductor", name);
    assertThat(beats(name)).singleElement().matches(ServiceBeat::up);
    stores().pass(MINUTE.plusSeconds(1));
    assertThat(beats(name)).singleElement().matches(beat -> !beat.up());
  }

  private List<ServiceBeat> beats(String name) {
    return stores().hosts().beats(MINUTE).stream()
        .filter(beat -> beat.host().equals(name))
        .toList();
  }

  // ---- actions

  @Test
  void an_action_has_failed_when_any_event_of_it_has() {
    Requested by = Samples.request();
    ServerId server = stores().servers().requestCreate(Samples.server("s", "sea"), by).id();
    RequestId request = by.request();
    stores().actions().begin(server, request, "check", Optional.of(host));
    stores().actions().begin(server, request, "check", Optional.of(host));
    stores().actions().end(server, request, "check", Optional.of("no room"));
    stores().actions().begin(server, request, "build", Optional.empty());
    stores().actions().end(server, request, "build", Optional.empty());
    stores().actions().end(server, request, "build", Optional.of("too late"));
    ActionRecord action = stores().actions().find(server, request).orElseThrow();
    assertThat(action.message()).contains("Error");
    assertThat(action.events()).hasSize(2);
    assertThat(action.events().getFirst().result()).contains("Error");
    assertThat(action.events().getFirst().details()).contains("no room");
    assertThat(action.events().getFirst().host()).contains(host);
    assertThat(action.events().getLast().result()).contains("Success");
    assertThat(stores().actions().list(server)).containsExactly(action);
  }

  @Test
  void an_event_of_an_unknown_action_is_refused() {
    assertThatThrownBy(() ->
            stores().actions().begin(server(), Samples.request().request(), "x", Optional.empty()))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.ACTION_NOT_FOUND);
  }

  // ---- outbox

  @Test
  void a_message_is_taken_by_one_and_free_again_after_a_while() {
    server();
    List<Outbox.Entry> first = stores().outbox().take(100_000, MINUTE);
    assertThat(first).isNotEmpty();
    assertThat(stores().outbox().take(100_000, MINUTE)).isEmpty();
    long before = stores().outbox().waiting();
    stores().outbox().sent(List.of(first.getFirst().number()));
    stores().outbox().sent(List.of());
    assertThat(stores().outbox().waiting()).isEqualTo(before - 1);
    stores().pass(MINUTE.plusSeconds(1));
    assertThat(stores().outbox().take(100_000, MINUTE)).isEqualTo(first.subList(1, first.size()));
  }

  // ---- flavors

  @Test
  void the_classic_flavors_are_there_smallest_first() {
    assertThat(stores().flavors().list(Optional.empty(), 100))
        .extracting(FlavorRecord::name)
        .containsSubsequence(
            "tern.tiny", "m1.tiny", "m1.small", "m1.medium", "m1.large", "m1.xlarge");
    assertThat(stores().flavors().list(Optional.of("2"), 2))
        .extracting(FlavorRecord::name)
        .containsExactly("m1.medium", "m1.large");
    assertThat(stores().flavors().find("t").orElseThrow().memoryMib()).isEqualTo(128);
  }

  @Test
  void a_flavor_is_added_once() {
    String id = UUID.randomUUID().toString();
    FlavorRecord flavor =
        new FlavorRecord(id, id, 1, 1 << 20, 1, 0, 0, false, Map.of("k", "v"), Optional.of("mine"));
    assertThat(stores().flavors().create(flavor)).isEqualTo(flavor);
    assertThat(stores().flavors().find(id)).contains(flavor);
    assertThatThrownBy(() -> stores().flavors().create(flavor))
        .extracting(e -> ((ComputeException) e).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
  }

  // ---- images

  private ImageRecord image() {
    return stores()
        .images()
        .create(
            new ImageRecord(
                new ImageId(UUID.randomUUID()),
                "image",
                "sea",
                "qcow2",
                "bare",
                "public",
                ImageStatus.ACTIVE,
                1,
                64,
                false,
                Map.of("kernel_id", "k"),
                Optional.of(5L),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Instant.EPOCH,
                Instant.EPOCH));
  }

  @Test
  void an_image_is_uploaded_once() {
    ImageRecord queued = image();
    assertThat(queued.status()).isEqualTo(ImageStatus.QUEUED);
    assertThat(queued.sizeBytes()).isEmpty();
    ImageId id = queued.id();
    stores().images().beginUpload(id);
    assertThatThrownBy(() -> stores().images().beginUpload(id))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.IMAGE_CONFLICT);
    stores().images().abandonUpload(id);
    stores().images().beginUpload(id);
    ImageRecord active = stores().images().finishUpload(id, 10, 20, "a".repeat(64), "b".repeat(32));
    assertThat(active.status()).isEqualTo(ImageStatus.ACTIVE);
    assertThat(stores().images().find(id)).contains(active);
    stores().images().abandonUpload(id);
    assertThat(stores().images().find(id).orElseThrow().status()).isEqualTo(ImageStatus.ACTIVE);
    assertThat(stores().images().delete(id)).isTrue();
    assertThat(stores().images().delete(id)).isFalse();
    assertThatThrownBy(() -> stores().images().beginUpload(id))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
  }

  @Test
  void images_are_read_together() {
    ImageRecord one = image();
    ImageRecord other = image();
    ImageId none = new ImageId(UUID.randomUUID());
    assertThat(stores().images().find(List.of(one.id(), other.id(), none)))
        .isEqualTo(Map.of(one.id(), one, other.id(), other));
    assertThat(stores().images().find(List.of())).isEmpty();
  }

  @Test
  void images_are_listed_newest_first_in_pages() {
    Set<ImageId> made = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      made.add(image().id());
    }
    List<ImageRecord> all = stores().images().list(Optional.empty(), 100_000);
    assertThat(all).extracting(ImageRecord::id).containsAll(made);
    assertThat(stores().images().list(Optional.of(all.getFirst().id()), 1))
        .containsExactly(all.get(1));
  }

  @Test
  void a_receipt_is_kept_by_host_and_no_older_one_replaces_it() {
    Samples samples = new Samples(this::stores);
    samples.host(host);
    MigrationId migration = samples.accepted(samples.active(host).id()).id();
    Receipt old = new Receipt(1, List.of(), Optional.of("torn"));
    Receipt young =
        new Receipt(
            2,
            List.of(
                new ReceiptEntry(
                    1,
                    ReceiptEntry.Kind.PORT,
                    "49152",
                    Instant.EPOCH,
                    Optional.of(Instant.EPOCH),
                    Optional.of(ReceiptEntry.End.REMOVED),
                    Optional.of(Instant.EPOCH))),
            Optional.empty());
    stores().receipts().keep(migration, host, old);
    stores().receipts().keep(migration, host, young);
    stores().receipts().keep(migration, host, old);
    stores().receipts().keep(new MigrationId(UUID.randomUUID()), host, young);
    assertThat(stores().receipts().of(migration))
        .singleElement()
        .satisfies(kept -> {
          assertThat(kept.host()).isEqualTo(host);
          assertThat(kept.receipt()).isEqualTo(young);
        });
  }

  // ---- fences

  private record Moving(MigrationStore.MigrationRecord migration, SagaStore.Lease lease) {}

  /** A migration whose destination is chosen, in doubt. */
  private Moving moving(HostName to) {
    Samples samples = new Samples(this::stores);
    samples.host(host);
    samples.host(to);
    MigrationStore.MigrationRecord migration = samples.accepted(samples.active(host).id());
    SagaStore.Lease lease = samples.lease(migration.server());
    stores()
        .migrations()
        .planned(lease, migration.id(), to, samples.claim(migration.server(), to), 1);
    stores().migrations().inDoubt(lease, migration.id(), true, "nobody answers");
    return new Moving(migration, lease);
  }

  private void ends(MigrationStore.MigrationRecord migration, SagaStore.Lease lease) {
    stores()
        .migrations()
        .rolledBack(
            lease,
            migration.id(),
            MigrationStatus.FAILED,
            new Failure(ErrorCode.HYPERVISOR_FAILED, "It stayed."));
  }

  @Test
  void a_doubt_has_a_beginning_and_the_newest_reason() {
    Moving moving = moving(new HostName("host-" + UUID.randomUUID()));
    MigrationStore.MigrationRecord migration = moving.migration();
    SagaStore.Lease lease = moving.lease();
    Instant since = doubt(migration).orElseThrow().since();
    stores().migrations().inDoubt(lease, migration.id(), true, "another reason");
    assertThat(doubt(migration)).contains(new MigrationStore.Doubt(since, "another reason"));
    stores().migrations().inDoubt(lease, migration.id(), false, "");
    assertThat(doubt(migration)).isEmpty();
  }

  private Optional<MigrationStore.Doubt> doubt(MigrationStore.MigrationRecord migration) {
    return stores().migrations().find(migration.id()).orElseThrow().doubt();
  }

  @Test
  void a_fenced_host_is_owed_what_it_was_not_told_until_it_is_settled() {
    HostName to = new HostName("host-" + UUID.randomUUID());
    Moving moving = moving(to);
    MigrationStore.MigrationRecord migration = moving.migration();
    SagaStore.Lease lease = moving.lease();
    assertThat(stores().fences().requireWaiting(migration.id(), to, FenceStore.Runs.ELSEWHERE))
        .isEqualTo(host);
    assertThat(stores().fences().of(migration.id())).isEmpty();

    Requested by = Samples.request();
    FenceStore.FenceRecord stated =
        stores().fences().state(migration.id(), to, FenceStore.Runs.ELSEWHERE, by);
    assertThat(
            stores()
                .fences()
                .state(migration.id(), to, FenceStore.Runs.ELSEWHERE, Samples.request()))
        .isEqualTo(stated);
    assertThat(stores().actions().find(migration.server(), by.request()).orElseThrow().action())
        .isEqualTo("live_migration_resolve");
    assertThat(stores().fences().relyOn(lease, migration.id(), host)).isEmpty();
    assertThatThrownBy(
            () -> stores().fences().settle(migration.id(), FenceStore.Outcome.REMOVED, "too early"))
        .isInstanceOf(IllegalStateException.class);

    FenceStore.FenceRecord relied =
        stores().fences().relyOn(lease, migration.id(), to).orElseThrow();
    assertThat(relied.reliedOnAt()).isPresent();
    assertThat(relied.source()).isFalse();
    assertThat(relied.epoch()).isEqualTo(migration.epoch());
    assertThat(stores().fences().relyOn(lease, migration.id(), to)).contains(relied);
    assertThat(owed(migration)).as("not before it has ended").isEmpty();

    ends(migration, lease);
    assertThat(owed(migration)).contains(relied);
    stores().fences().settle(migration.id(), FenceStore.Outcome.LEFT, "it had arrived");
    stores().fences().settle(migration.id(), FenceStore.Outcome.REMOVED, "late");
    assertThat(owed(migration)).isEmpty();
    assertThat(stores().fences().of(migration.id()).orElseThrow())
        .satisfies(fence -> {
          assertThat(fence.outcome()).contains(FenceStore.Outcome.LEFT);
          assertThat(fence.said()).isEqualTo("it had arrived");
          assertThat(fence.settledAt()).isPresent();
        });
  }

  private Optional<FenceStore.FenceRecord> owed(MigrationStore.MigrationRecord migration) {
    return stores().fences().owing(10_000).stream()
        .filter(fence -> fence.migration().equals(migration.id()))
        .findFirst();
  }

  @Test
  void a_statement_about_a_host_that_nobody_waits_for_is_refused() {
    HostName to = new HostName("host-" + UUID.randomUUID());
    Moving moving = moving(to);
    MigrationStore.MigrationRecord migration = moving.migration();
    SagaStore.Lease lease = moving.lease();
    assertRefused(migration.id(), host, "the only copy");
    assertRefused(migration.id(), new HostName("another"), "nothing to do with");

    stores().migrations().inDoubt(lease, migration.id(), false, "");
    assertRefused(migration.id(), to, "not in doubt");
    stores()
        .sagas()
        .record(
            lease,
            new SagaStore.Position(SagaStore.Direction.BACK, "mirror-disks"),
            "{}",
            new SagaStore.LogLine("mirror-disks", "refused", "", Instant.EPOCH));
    assertThat(stores().fences().requireWaiting(migration.id(), to, FenceStore.Runs.ELSEWHERE))
        .isEqualTo(host);

    ends(migration, lease);
    assertRefused(migration.id(), to, "has ended as failed");
    MigrationId unknown = new MigrationId(UUID.randomUUID());
    assertThatThrownBy(() ->
            stores().fences().state(unknown, to, FenceStore.Runs.ELSEWHERE, Samples.request()))
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.MIGRATION_NOT_FOUND));
  }

  @Test
  void a_source_is_fenced_once_the_guest_has_another_owner() {
    HostName to = new HostName("host-" + UUID.randomUUID());
    Moving moving = moving(to);
    MigrationStore.MigrationRecord migration = moving.migration();
    SagaStore.Lease lease = moving.lease();
    stores().migrations().ownerChanged(lease, migration.id(), Samples.PAUSE);
    assertRefused(migration.id(), to, "answers for itself");
    assertThat(
            stores()
                .fences()
                .state(migration.id(), host, FenceStore.Runs.ELSEWHERE, Samples.request())
                .source())
        .isTrue();
    assertRefused(migration.id(), to, "answers for itself");
    assertThatThrownBy(() ->
            stores()
                .fences()
                .state(migration.id(), to, FenceStore.Runs.ELSEWHERE, Samples.request()))
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> assertThat(e.explanation()).contains("resolved before", host.value()));
  }

  private FenceStore.FenceRecord lost(Moving moving, String kept) {
    MigrationId id = moving.migration().id();
    var _ = stores().fences().state(id, host, FenceStore.Runs.NOWHERE, Samples.request());
    assertThat(stores().fences().relyOn(moving.lease(), id, host)).isPresent();
    stores().fences().kept(moving.lease(), id, kept);
    stores().fences().kept(moving.lease(), id, "/told/again");
    Failure fault = new Failure(ErrorCode.HYPERVISOR_FAILED, "Its host was lost.");
    stores().migrations().guestLost(moving.lease(), id, Samples.FAILURE, fault);
    return stores().fences().of(id).orElseThrow();
  }

  @Test
  void a_source_is_stated_to_be_lost_with_its_guest_before_that_has_another_owner() {
    HostName to = new HostName("host-" + UUID.randomUUID());
    Moving moving = moving(to);
    MigrationId id = moving.migration().id();
    assertRefused(id, to, FenceStore.Runs.NOWHERE, "only with its source");
    assertThat(stores().fences().requireWaiting(id, host, FenceStore.Runs.NOWHERE)).isEqualTo(to);
    stores().migrations().inDoubt(moving.lease(), id, false, "");
    assertRefused(id, host, FenceStore.Runs.NOWHERE, "not in doubt");
    stores().migrations().inDoubt(moving.lease(), id, true, "again");

    FenceStore.FenceRecord lost = lost(moving, "/kept/1");

    assertThat(lost.runs()).isEqualTo(FenceStore.Runs.NOWHERE);
    assertThat(lost.source()).isTrue();
    assertThat(lost.kept()).contains("/kept/1");
    assertRefused(id, host, FenceStore.Runs.NOWHERE, "has ended as error");
    ServerStore.ServerRecord server =
        stores().servers().find(moving.migration().server()).orElseThrow();
    assertThat(server.fault().orElseThrow().failure().message()).isEqualTo("Its host was lost.");
    assertThat(server.host()).contains(host);
    assertThat(stores().migrations().find(id).orElseThrow().failure()).contains(Samples.FAILURE);
  }

  @Test
  void a_source_is_not_stated_to_be_lost_with_a_guest_that_has_arrived() {
    Moving moving = moving(new HostName("host-" + UUID.randomUUID()));
    stores().migrations().ownerChanged(moving.lease(), moving.migration().id(), Samples.PAUSE);
    assertRefused(
        moving.migration().id(), host, FenceStore.Runs.NOWHERE, "runner is 'destination'");
  }

  @Test
  void a_server_is_what_its_lost_host_says_when_that_is_back() {
    for (VmState state : List.of(VmState.ACTIVE, VmState.PAUSED, VmState.STOPPED)) {
      Moving moving = moving(new HostName("host-" + UUID.randomUUID()));
      MigrationId id = moving.migration().id();
      ServerId server = moving.migration().server();
      var _ = lost(moving, "/kept/2");

      stores().fences().returned(id, state, "it is back");
      stores().fences().returned(id, VmState.STOPPED, "late");

      assertThat(stores().fences().of(id).orElseThrow().outcome())
          .contains(FenceStore.Outcome.RETURNED);
      assertThat(stores().fences().of(id).orElseThrow().said()).isEqualTo("it is back");
      assertThat(owed(moving.migration())).isEmpty();
      assertThat(stores().servers().find(server).orElseThrow().vmState()).isEqualTo(state);
      assertThat(stores().servers().find(server).orElseThrow().fault()).isEmpty();
    }
  }

  @Test
  void a_server_that_is_asked_for_something_stays_as_it_is_when_its_lost_host_is_back() {
    Moving moving = moving(new HostName("host-" + UUID.randomUUID()));
    ServerId server = moving.migration().server();
    var _ = lost(moving, "/kept/3");
    var _ = stores().servers().requestDelete(server, Samples.request());

    stores().fences().returned(moving.migration().id(), VmState.STOPPED, "it is back");

    assertThat(stores().servers().find(server).orElseThrow().vmState()).isEqualTo(VmState.ERROR);
  }

  private void assertRefused(MigrationId migration, HostName named, String why) {
    assertRefused(migration, named, FenceStore.Runs.ELSEWHERE, why);
  }

  private void assertRefused(
      MigrationId migration, HostName named, FenceStore.Runs runs, String why) {
    assertThatThrownBy(() -> stores().fences().requireWaiting(migration, named, runs))
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.MIGRATION_NOT_RESOLVABLE);
              assertThat(e.explanation()).contains(why);
            });
  }
}
