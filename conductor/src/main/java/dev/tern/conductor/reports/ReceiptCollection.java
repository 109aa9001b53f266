package dev.tern.conductor.reports;

import dev.tern.conductor.asking.Hosts;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostQuestion.ForgetReceipt;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.HostReport;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ReceiptStore;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the receipts that hosts keep into the database. A host names them at every beat until it
 * is told that they are kept, so whatever gets lost is asked for again.
 */
public final class ReceiptCollection {
  private static final Logger log = LoggerFactory.getLogger(ReceiptCollection.class);
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private final MigrationStore migrations;
  private final ReceiptStore receipts;
  private final Hosts hosts;

  public ReceiptCollection(MigrationStore migrations, ReceiptStore receipts, Hosts hosts) {
    this.migrations = migrations;
    this.receipts = receipts;
    this.hosts = hosts;
  }

  /** Asks for what the report names; stops at the first that is not answered. */
  public void collect(HostReport report) {
    try {
      for (MigrationId migration : report.receipts()) {
        if (!collect(report.host(), migration)) {
          return;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean collect(HostName host, MigrationId id) throws InterruptedException {
    Optional<MigrationRecord> migration = migrations.find(id);
    if (migration.isEmpty()) {
      log.atWarn()
          .addKeyValue("host", host)
          .addKeyValue("migration", id)
          .log("a host has the receipt of a migration that nobody knows; it stays there");
      return true;
    }
    Optional<Receipt> said = ask(host, new TellReceipt(id));
    if (said.isEmpty()) {
      return false;
    }
    // An empty one was forgotten meanwhile, and would hide what is kept.
    if (said.get().revision() > 0 || said.get().damaged().isPresent()) {
      receipts.keep(id, host, said.get());
    }
    // Only what had ended before it was told: nothing is made for it after.
    return !migration.get().status().terminal()
        || !said.get().settled()
        || ask(host, new ForgetReceipt(id)).isPresent();
  }

  private Optional<Receipt> ask(HostName host, HostQuestion question) throws InterruptedException {
    return switch (hosts.ask(host, question, DEADLINE)) {
      case Asked.Answered<HostAnswer>(Receipt receipt) -> Optional.of(receipt);
      case Asked.Answered<HostAnswer>(HostAnswer other) -> {
        log.atWarn()
            .addKeyValue("host", host)
            .addKeyValue("reason", other)
            .log("a host does not tell its receipt");
        yield Optional.empty();
      }
      case Asked.NoAnswer<HostAnswer> _ -> Optional.empty();
    };
  }
}
