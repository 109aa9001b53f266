package dev.tern.conductor.reports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostReport;
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

@DisplayName("A receipt that a host reports")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S166")
class ReceiptCollectionTest {
  private static final HostName HOME = new HostName("home");

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);
  private final FakeHost host = new FakeHost();
  private final ReceiptCollection collection =
      new ReceiptCollection(stores.migrations(), stores.receipts(), host::answer);
  private MigrationId migration = new MigrationId(new UUID(0, 0));

  /** One host's agent: forgets nothing that is open. */
  private static final class FakeHost {
    private final Map<MigrationId, Receipt> receipts = new LinkedHashMap<>();
    private boolean silent;

    Asked<HostAnswer> answer(HostName name, HostQuestion question, Duration deadline) {
      if (silent) {
        return new Asked.NoAnswer<>("it is silent");
      }
      Receipt none = new Receipt(0, List.of(), Optional.empty());
      return new Asked.Answered<>(
          switch (question) {
            case HostQuestion.TellReceipt(var of) -> receipts.getOrDefault(of, none);
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
                HostQuestion.EndProbe _ ->
                throw new AssertionError("asked " + question);
          });
    }

    HostReport report() {
      HostReport r = Samples.report(HOME, 1, 2);
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
          r.guests(),
          new ArrayList<>(receipts.keySet()));
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
