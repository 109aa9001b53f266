package dev.tern.conductor.reports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.store.InMemoryStores;
import dev.tern.store.SagaStore;
import dev.tern.store.Samples;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A receipt that a host reports")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class ReceiptCollectionTest {
  private static final HostName HOME = new HostName("home");
  private static final HostName AWAY = new HostName("away");

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);
  private final FakeHost host = new FakeHost();
  private final ReceiptCollection collection =
      new ReceiptCollection(
          stores.migrations(), stores.receipts(), stores.servers(), stores.hosts(), host::answer);
  private MigrationId migration = new MigrationId(new UUID(0, 0));

  /** One host's agent: forgets nothing that is open. */
  private static final class FakeHost {
    private final Map<MigrationId, Receipt> receipts = new LinkedHashMap<>();
    private final List<Optional<MigrationEnd>> ends = new ArrayList<>();
    private boolean silent;

    Asked<HostAnswer> answer(HostName name, HostQuestion question, Duration deadline) {
      if (silent) {
        return new Asked.NoAnswer<>("it is silent");
      }
      Receipt none = new Receipt(0, List.of(), Optional.empty());
      return new Asked.Answered<>(
          switch (question) {
            case HostQuestion.TellReceipt(var of, var end) -> {
              ends.add(end);
              yield receipts.getOrDefault(of, none);
            }
            case HostQuestion.ForgetReceipt(var of) -> {
              Receipt told = receipts.getOrDefault(of, none);
              if (told.settled()) {
                receipts.remove(of);
              }
              yield told;
            }
            case HostQuestion.ListExports _,
                HostQuestion.ListPorts _,
                HostQuestion.OfferProbe _,
                HostQuestion.OpenProbe _,
                HostQuestion.RunProbe _,
                HostQuestion.TakeStock _,
                HostQuestion.EndProbe _,
                HostQuestion.WatchWrites _,
                HostQuestion.CheckArrival _ ->
                throw new AssertionError("asked " + question);
          });
    }

    HostReport report() {
      return report(HOME, 2, Map.of());
    }

    HostReport report(HostName name, long sequence, Map<ServerId, Runner> guests) {
      HostReport r = Samples.report(name, 1, sequence);
      return new HostReport(
          r.host(),
          r.agentStartedAtMillis(),
          r.sequence(),
          r.hypervisorType(),
          r.hypervisorVersion(),
          r.hypervisorVersionText(),
          r.accelerator(),
          r.acceleratorReason(),
          r.machineTypes(),
          r.cpuModels(),
          r.missingFeatures(),
          r.vcpus(),
          r.memoryMib(),
          r.memoryAvailableMib(),
          r.diskTotalBytes(),
          r.diskFreeBytes(),
          r.migrationAddress(),
          r.uptime(),
          r.insecure(),
          guests,
          new ArrayList<>(receipts.keySet()),
          r.kernelNbd(),
          r.controlLink(),
          Optional.empty());
    }
  }

  @BeforeEach
  void a_migration_under_way() {
    samples.host(HOME);
    migration = samples.accepted(samples.active(HOME).id()).id();
  }

  private static Receipt receipt(long revision, boolean open) {
    return new Receipt(
        revision,
        List.of(
            new ReceiptEntry(
                1,
                ReceiptEntry.Kind.PORT,
                "49152",
                Instant.EPOCH,
                Optional.of(Instant.EPOCH),
                open ? Optional.empty() : Optional.of(ReceiptEntry.End.REMOVED),
                open ? Optional.empty() : Optional.of(Instant.EPOCH))),
        Optional.empty());
  }

  private List<Receipt> kept() {
    return stores.receipts().of(migration).stream().map(each -> each.receipt()).toList();
  }

  @Test
  void is_asked_for_with_the_end_of_its_migration_once_there_is_one() {
    SagaStore.Lease lease =
        samples.lease(stores.migrations().find(migration).orElseThrow().server());
    host.receipts.put(migration, receipt(3, true));
    collection.collect(host.report());
    stores.migrations().rolledBack(lease, migration, MigrationStatus.CANCELLED, Samples.FAILURE);
    collection.collect(host.report());
    host.receipts.put(new MigrationId(new UUID(7, 7)), receipt(2, true));
    collection.collect(host.report());
    assertThat(host.ends)
        .containsExactly(
            Optional.empty(),
            Optional.of(MigrationEnd.NOT_TAKEN_IN),
            Optional.of(MigrationEnd.NOT_TAKEN_IN));
  }

  private ServerId completed() {
    ServerId server = stores.migrations().find(migration).orElseThrow().server();
    SagaStore.Lease lease = samples.lease(server);
    samples.host(AWAY);
    stores.migrations().planned(lease, migration, AWAY, samples.claim(server, AWAY), 1);
    stores.migrations().ownerChanged(lease, migration, Samples.PAUSE);
    stores.migrations().completed(lease, migration);
    host.receipts.put(migration, receipt(3, true));
    return server;
  }

  @Test
  void of_a_completed_migration_is_asked_for_with_that_end_at_its_source_and_destination() {
    ServerId _ = completed();
    collection.collect(host.report());
    host.receipts.put(migration, receipt(3, true));
    collection.collect(host.report(AWAY, 3, Map.of()));
    assertThat(host.ends)
        .containsExactly(Optional.of(MigrationEnd.COMPLETED), Optional.of(MigrationEnd.COMPLETED));
  }

  /** By post-copy: the migration is in error, and the server with its disks at the destination. */
  @Test
  @Tag("S68")
  void of_a_guest_that_was_lost_where_it_had_arrived_is_settled_as_of_one_that_moved() {
    ServerId server = stores.migrations().find(migration).orElseThrow().server();
    SagaStore.Lease lease = samples.lease(server);
    samples.host(AWAY);
    stores.migrations().planned(lease, migration, AWAY, samples.claim(server, AWAY), 1);
    stores.migrations().ownerChanged(lease, migration, Samples.PAUSE);
    Failure lost = new Failure(ErrorCode.GUEST_MEMORY_LOST, "its source ended");
    stores.migrations().guestLost(lease, migration, lost, lost);
    host.receipts.put(migration, receipt(3, true));
    collection.collect(host.report());
    host.receipts.put(migration, receipt(3, true));
    collection.collect(host.report(AWAY, 3, Map.of()));
    assertThat(host.ends)
        .containsExactly(Optional.of(MigrationEnd.COMPLETED), Optional.of(MigrationEnd.COMPLETED));
  }

  /** A destination that was asked first, or one that the server has left since. */
  @Test
  void of_a_completed_migration_is_swept_where_the_server_is_not_once_it_is_seen_elsewhere() {
    ServerId server = completed();
    HostName third = new HostName("third");
    samples.host(third);
    collection.collect(host.report(third, 3, Map.of()));
    stores.hosts().report(host.report(AWAY, 5, Map.of(server, Runner.RUNNING)));
    host.receipts.put(migration, receipt(3, true));
    collection.collect(host.report(third, 4, Map.of()));
    assertThat(host.ends).containsExactly(Optional.empty(), Optional.of(MigrationEnd.NOT_TAKEN_IN));
  }

  private ServerId takenBack() {
    ServerId server = stores.migrations().find(migration).orElseThrow().server();
    samples.host(AWAY);
    stores
        .migrations()
        .rolledBack(samples.lease(server), migration, MigrationStatus.FAILED, Samples.FAILURE);
    host.receipts.put(migration, receipt(3, true));
    return server;
  }

  @ParameterizedTest
  @EnumSource(Runner.class)
  void is_no_reason_to_sweep_a_destination_unless_its_server_is_seen_at_home(Runner runner) {
    ServerId server = takenBack();
    stores.hosts().report(host.report(HOME, 5, Map.of(server, runner)));
    collection.collect(host.report(AWAY, 3, Map.of()));
    boolean lives =
        switch (runner) {
          case RUNNING, PAUSED, SUSPENDED, STOPPED -> true;
          case INCOMING, HANDED_OVER, DEAD, ABSENT, BROKEN, UNKNOWN -> false;
        };
    assertThat(host.ends)
        .containsExactly(lives ? Optional.of(MigrationEnd.NOT_TAKEN_IN) : Optional.empty());
  }

  @Test
  void is_no_reason_to_sweep_a_destination_while_the_servers_home_is_silent() {
    ServerId server = takenBack();
    collection.collect(host.report(AWAY, 3, Map.of()));
    stores.hosts().report(host.report(HOME, 5, Map.of(server, Runner.RUNNING)));
    stores.pass(Duration.ofMinutes(2));
    collection.collect(host.report(AWAY, 4, Map.of()));
    assertThat(host.ends).containsExactly(Optional.empty(), Optional.empty());
  }

  @Test
  void of_a_deleted_server_is_swept() {
    ServerId server = takenBack();
    var _ = stores.servers().requestDelete(server, Samples.request());
    stores.servers().deleted(samples.lease(server), server);
    collection.collect(host.report(AWAY, 3, Map.of()));
    assertThat(host.ends).containsExactly(Optional.of(MigrationEnd.NOT_TAKEN_IN));
  }

  @Test
  void is_kept_while_the_migration_runs_and_stays_at_the_host() {
    host.receipts.put(migration, receipt(3, false));
    collection.collect(host.report());
    assertThat(kept()).containsExactly(receipt(3, false));
    assertThat(host.receipts).containsKey(migration);
  }

  @Test
  void of_a_silent_host_is_asked_for_again() {
    host.receipts.put(migration, receipt(3, true));
    HostReport report = host.report();
    host.silent = true;
    collection.collect(report);
    assertThat(kept()).isEmpty();
    host.silent = false;
    collection.collect(report);
    assertThat(kept()).containsExactly(receipt(3, true));
  }

  @Test
  void that_was_forgotten_meanwhile_hides_nothing_that_is_kept() {
    host.receipts.put(migration, receipt(3, false));
    HostReport report = host.report();
    collection.collect(report);
    host.receipts.clear();
    collection.collect(report);
    assertThat(kept()).containsExactly(receipt(3, false));
  }

  @Test
  void of_a_migration_nobody_knows_stays_where_it_is_and_hinders_no_other() {
    MigrationId unknown = new MigrationId(new UUID(7, 7));
    host.receipts.put(unknown, receipt(2, false));
    host.receipts.put(migration, receipt(3, true));
    collection.collect(host.report());
    assertThat(host.receipts).containsKeys(unknown, migration);
    assertThat(stores.receipts().of(unknown)).isEmpty();
    assertThat(kept()).hasSize(1);
  }

  @Test
  void is_forgotten_by_its_host_once_the_migration_is_over_and_nothing_is_open() {
    SagaStore.Lease lease =
        samples.lease(stores.migrations().find(migration).orElseThrow().server());
    stores.migrations().rolledBack(lease, migration, MigrationStatus.FAILED, Samples.FAILURE);
    host.receipts.put(migration, receipt(3, true));
    collection.collect(host.report());
    assertThat(host.receipts).containsKey(migration);
    host.receipts.put(migration, receipt(4, false));
    collection.collect(host.report());
    assertThat(host.receipts).isEmpty();
    assertThat(kept()).containsExactly(receipt(4, false));
  }
}
