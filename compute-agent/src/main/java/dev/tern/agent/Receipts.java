package dev.tern.agent;

import dev.tern.agent.Ledger.DamagedLedger;
import dev.tern.agent.LedgerEntry.Thing;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.MigrationId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receipts of all migrations that make something on this host: {@code receipts/MIGRATION}. One
 * stays until the database has it and nothing in it is open.
 */
final class Receipts {
  private static final Logger log = LoggerFactory.getLogger(Receipts.class);

  /** Migrations that are remembered as over when their receipts are forgotten. */
  private static final int REMEMBERED = 1000;

  private final Path directory;
  private final Clock clock;

  /** Guards {@link #ledgers}, {@link #damaged} and which files there are. */
  private final ReentrantLock keeping = new ReentrantLock();

  private final Map<MigrationId, Ledger> ledgers = new LinkedHashMap<>();
  private final Map<MigrationId, String> damaged = new LinkedHashMap<>();

  /** The last that ended. In memory only: what comes late after a restart is swept. */
  private final Set<MigrationId> over = new LinkedHashSet<>();

  private Receipts(Path directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  /** Takes up what agents before this one wrote; what cannot be read is told, and left. */
  static Receipts open(Path directory, Clock clock) throws IOException {
    Receipts receipts = new Receipts(directory, clock);
    Durable.removeHalves(directory);
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        receipts.takeUp(file);
      }
    }
    return receipts;
  }

  private void takeUp(Path file) throws IOException {
    MigrationId migration;
    try {
      migration = MigrationId.parse(file.getFileName().toString());
    } catch (IllegalArgumentException _) {
      log.atWarn().addKeyValue("file", file.getFileName()).log("not a receipt; left alone");
      return;
    }
    try {
      ledgers.put(migration, Ledger.open(file));
    } catch (DamagedLedger e) {
      log.atError()
          .addKeyValue("migration", migration)
          .setCause(e)
          .log("a receipt is damaged; an operator must look at it");
      damaged.put(migration, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Announces what is about to be made for a migration; on the disk when this returns. Nothing when
   * the header is of no migration.
   *
   * @throws ComputeException when the migration is over, or its receipt is damaged: then nothing
   *     more is made
   */
  void intend(Header header, List<Thing> things) throws IOException {
    intend(header, things, false);
  }

  /**
   * The same.
   *
   * @param late whether it may come after the migration's end
   */
  void intend(Header header, List<Thing> things, boolean late) throws IOException {
    if (header.migration().isEmpty() || things.isEmpty()) {
      return;
    }
    MigrationId migration = header.migration().get();
    keeping.lock();
    try {
      if (damaged.containsKey(migration)) {
        throw new ComputeException(
            ErrorCode.HYPERVISOR_FAILED,
            "The receipt of migration %s on this host is damaged; an operator must look at it."
                .formatted(migration),
            null);
      }
      Ledger ledger = ledgers.get(migration);
      if (!late && isOver(migration)) {
        throw new ComputeException(
            ErrorCode.MIGRATION_CANCELLED,
            "Migration %s is over; nothing more is made for it on this host.".formatted(migration),
            null);
      }
      if (ledger == null) {
        ledger = Ledger.create(file(migration), header.server(), header.epoch());
        ledgers.put(migration, ledger);
      }
      ledger.intend(things, clock.instant());
    } finally {
      keeping.unlock();
    }
  }

  /** The migration is over: nothing is announced for it any more. On the disk when this returns. */
  void over(MigrationId migration, MigrationEnd end) throws IOException {
    keeping.lock();
    try {
      Ledger ledger = ledgers.get(migration);
      if (ledger != null) {
        ledger.over(end, clock.instant());
      }
      over.add(migration);
      if (over.size() > REMEMBERED) {
        over.remove(over.iterator().next());
      }
    } finally {
      keeping.unlock();
    }
  }

  private boolean isOver(MigrationId migration) {
    Ledger ledger = ledgers.get(migration);
    return over.contains(migration) || (ledger != null && ledger.over().isPresent());
  }

  /** Migrations that have been known as over for so long, and have something open here. */
  List<MigrationId> leftovers(Duration age) {
    keeping.lock();
    try {
      Instant then = clock.instant().minus(age);
      return ledgers.entrySet().stream()
          .filter(one -> one.getValue().isLeftSince(then))
          .map(Map.Entry::getKey)
          .toList();
    } finally {
      keeping.unlock();
    }
  }

  /**
   * Whether a younger migration of the same server has a receipt here and is not known as over. One
   * whose receipt is damaged may be younger.
   */
  boolean youngerUnderWay(Ledger than) {
    keeping.lock();
    try {
      return !damaged.isEmpty()
          || ledgers.values().stream()
              .anyMatch(each ->
                  each.server().equals(than.server())
                      && each.epoch() > than.epoch()
                      && each.over().isEmpty());
    } finally {
      keeping.unlock();
    }
  }

  private Path file(MigrationId migration) {
    return directory.resolve(migration.toString());
  }

  Optional<Ledger> find(MigrationId migration) {
    keeping.lock();
    try {
      return Optional.ofNullable(ledgers.get(migration));
    } finally {
      keeping.unlock();
    }
  }

  /** As it is written down now; empty when nothing is. */
  Receipt tell(MigrationId migration) {
    keeping.lock();
    try {
      Ledger ledger = ledgers.get(migration);
      return ledger == null
          ? new Receipt(0, List.of(), Optional.ofNullable(damaged.get(migration)))
          : new Receipt(
              ledger.revision(),
              ledger.items().stream().map(Ledger.Item::told).toList(),
              Optional.empty());
    } finally {
      keeping.unlock();
    }
  }

  /** Removes a receipt in which nothing is open. Harmless when there is none. */
  Receipt forget(MigrationId migration) throws IOException {
    keeping.lock();
    try {
      Receipt receipt = tell(migration);
      if (receipt.settled() && ledgers.containsKey(migration)) {
        Files.deleteIfExists(file(migration));
        Durable.syncDirectory(directory);
        ledgers.remove(migration);
      }
      return receipt;
    } finally {
      keeping.unlock();
    }
  }

  /** Some of the migrations with a receipt here, the longest known first. */
  List<MigrationId> present() {
    keeping.lock();
    try {
      List<MigrationId> all = new ArrayList<>(ledgers.keySet());
      all.addAll(damaged.keySet());
      return List.copyOf(all.subList(0, Math.min(all.size(), HostReport.RECEIPTS)));
    } finally {
      keeping.unlock();
    }
  }
}
