package dev.tern.conductor.reports;

import dev.tern.conductor.asking.Hosts;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostQuestion.ForgetReceipt;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ReceiptStore;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the receipts that hosts keep into the database. A host names them at every beat until it
 * is told that they are kept, so whatever gets lost is asked for again.
 */
public final class ReceiptCollection {
  private static final Logger log = LoggerFactory.getLogger(ReceiptCollection.class);
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  /** What a host said longer ago is no sight of a server. */
  private static final Duration FRESH = Duration.ofMinutes(1);

  /** What a host has to say of a guest before anything is taken back elsewhere. */
  private static final Set<Runner> LIVES =
      EnumSet.of(Runner.RUNNING, Runner.PAUSED, Runner.SUSPENDED, Runner.STOPPED);

  private final MigrationStore migrations;
  private final ReceiptStore receipts;
  private final ServerStore servers;
  private final HostStore known;
  private final Hosts hosts;

  public ReceiptCollection(
      MigrationStore migrations,
      ReceiptStore receipts,
      ServerStore servers,
      HostStore known,
      Hosts hosts) {
    this.migrations = migrations;
    this.receipts = receipts;
    this.servers = servers;
    this.known = known;
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
    Optional<Receipt> said = ask(host, new TellReceipt(id, end(host, migration.get())));
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

  /**
   * That it is over lets the host take back what is left there. Whoever is not the source is told
   * that it has no guest only while the server is seen elsewhere: this database may have been
   * restored or edited, and what is left there be the only copy.
   */
  private Optional<MigrationEnd> end(HostName host, MigrationRecord migration) {
    boolean source = host.equals(migration.source());
    return switch (migration.status()) {
      case ACCEPTED, QUEUED, PREPARING, RUNNING -> Optional.empty();
      case COMPLETED -> moved(host, migration);
      case FAILED, CANCELLED, ERROR -> {
        if (lostWhereItArrived(migration)) {
          yield moved(host, migration);
        }
        yield source ? Optional.of(MigrationEnd.NOT_TAKEN_IN) : elsewhere(migration.server(), host);
      }
    };
  }

  private Optional<MigrationEnd> moved(HostName host, MigrationRecord migration) {
    return host.equals(migration.source()) || lives(migration.server(), host)
        ? Optional.of(MigrationEnd.COMPLETED)
        : elsewhere(migration.server(), host);
  }

  /** By post-copy: the server and its disks are at the destination, and only there. */
  private static boolean lostWhereItArrived(MigrationRecord migration) {
    return migration
        .failure()
        .filter(failure -> failure.code() == ErrorCode.GUEST_MEMORY_LOST)
        .isPresent();
  }

  private boolean lives(ServerId server, HostName host) {
    return servers.find(server).flatMap(ServerRecord::host).equals(Optional.of(host));
  }

  private Optional<MigrationEnd> elsewhere(ServerId server, HostName host) {
    return Optional.of(MigrationEnd.NOT_TAKEN_IN).filter(_ -> isSeenElsewhere(server, host));
  }

  private boolean isSeenElsewhere(ServerId server, HostName host) {
    Optional<ServerRecord> there = servers.find(server);
    if (there.isEmpty()) {
      return servers.findEvenDeleted(server).isPresent();
    }
    return there
        .get()
        .host()
        .filter(home -> !home.equals(host))
        .flatMap(home -> known.find(home, FRESH))
        .filter(HostRecord::up)
        .map(home -> home.report().guests().get(server))
        .filter(LIVES::contains)
        .isPresent();
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
