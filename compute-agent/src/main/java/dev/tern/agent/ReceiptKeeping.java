package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.MigrationEnd;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the receipts while requests are carried out: what a request is about to make is written
 * down first, and when it has ended it is looked at what is there.
 */
final class ReceiptKeeping {
  private static final Logger log = LoggerFactory.getLogger(ReceiptKeeping.class);

  private final Receipts receipts;
  private final Intents intents;
  private final ReceiptLook look;
  private final Instances instances;
  private final Jobs jobs;

  /** Requests of a migration that are being answered. */
  private final Map<MigrationId, Integer> answering = new ConcurrentHashMap<>();

  /** Migrations that are being swept, and why: whoever looks meanwhile finds that. */
  private final Map<MigrationId, String> sweeping = new ConcurrentHashMap<>();

  ReceiptKeeping(
      Receipts receipts, Intents intents, ReceiptLook look, Instances instances, Jobs jobs) {
    this.receipts = receipts;
    this.intents = intents;
    this.look = look;
    this.instances = instances;
    this.jobs = jobs;
  }

  /** The answer; a refusal when what is to be made could not be written down. */
  AgentAnswer around(AgentRequest request, Supplier<AgentAnswer> carryOut) {
    Optional<MigrationId> migration = request.header().migration();
    if (migration.isEmpty() || onlyAsks(request)) {
      return carryOut.get();
    }
    AgentAnswer answer;
    answering.merge(migration.get(), 1, Integer::sum);
    try {
      announce(request);
      answer = carryOut.get();
    } catch (IOException | ComputeException e) {
      log.atWarn()
          .addKeyValue("migration", migration.get())
          .addKeyValue("step", request.getClass().getSimpleName())
          .setCause(e)
          .log("step refused");
      return new Refused(Refusals.failure(e));
    } finally {
      answering.computeIfPresent(migration.get(), (_, n) -> n == 1 ? null : n - 1);
    }
    if (!(answer instanceof Working)) {
      look(migration.get());
    }
    return answer;
  }

  /** These are answered at once, whatever else is under way. */
  private static boolean onlyAsks(AgentRequest request) {
    return request instanceof AgentRequest.AskGuest
        || request instanceof AgentRequest.ReadConsole
        || request instanceof AgentRequest.SteerMove
        || request instanceof AgentRequest.ForceComplete;
  }

  private void announce(AgentRequest request) throws IOException {
    Header header = request.header();
    instances.of(header.server()).check(header.epoch());
    receipts.intend(header, intents.of(request), endsSomething(request));
  }

  /** These make room, or a record, for an end; they come late too, after a host was fenced. */
  private static boolean endsSomething(AgentRequest request) {
    return request instanceof AgentRequest.KillIncoming
        || request instanceof AgentRequest.KeepDisks
        || request instanceof AgentRequest.RetireSource;
  }

  private void look(MigrationId migration) {
    Optional<Ledger> ledger = receipts.find(migration);
    if (ledger.isEmpty()) {
      return;
    }
    try {
      look.at(
          ledger.get(),
          isIdle(migration, ledger.get()),
          Optional.ofNullable(sweeping.get(migration)));
    } catch (IOException e) {
      // What was done stands; the next look writes it down.
      log.atWarn().addKeyValue("migration", migration).setCause(e).log("a receipt is behind");
    }
  }

  private boolean isIdle(MigrationId migration, Ledger ledger) {
    return !answering.containsKey(migration) && !jobs.busy(ledger.server());
  }

  /** See {@link Receipts#over(MigrationId, MigrationEnd)}. */
  void over(MigrationId migration, MigrationEnd end) throws IOException {
    receipts.over(migration, end);
  }

  /** See {@link Receipts#leftovers}; without those whose server has something under way. */
  List<MigrationId> leftovers(Duration age) {
    return receipts.leftovers(age).stream()
        .filter(id -> receipts.find(id).filter(ledger -> isIdle(id, ledger)).isPresent())
        .toList();
  }

  /** See {@link Receipts#youngerUnderWay}. */
  boolean youngerUnderWay(Ledger than) {
    return receipts.youngerUnderWay(than);
  }

  Optional<Ledger> ledger(MigrationId migration) {
    return receipts.find(migration);
  }

  /** What takes back what is left of a migration. */
  @FunctionalInterface
  interface Sweep {
    void run() throws InterruptedException;
  }

  /**
   * Does the work, and writes down of all that goes meanwhile why it went; tells what that was.
   * What had gone before it began is not among it.
   */
  List<Ledger.Item> sweep(MigrationId migration, Ledger ledger, String why, Sweep work)
      throws InterruptedException {
    look(migration);
    List<Integer> open =
        ledger.items().stream().filter(Ledger.Item::open).map(Ledger.Item::number).toList();
    if (open.isEmpty()) {
      return List.of();
    }
    sweeping.put(migration, why);
    try {
      work.run();
      look(migration);
    } finally {
      sweeping.remove(migration);
    }
    return ledger.items().stream()
        .filter(item -> open.contains(item.number()) && item.why().isPresent())
        .toList();
  }

  /** Looks, and tells. */
  Receipt tell(MigrationId migration) {
    look(migration);
    return receipts.tell(migration);
  }

  /** See {@link Receipts#forget}. */
  Receipt forget(MigrationId migration) throws IOException {
    return receipts.forget(migration);
  }

  /** Whose migration it is; empty when its receipt is damaged, or not here. */
  Optional<ServerId> server(MigrationId migration) {
    return receipts.find(migration).map(Ledger::server);
  }

  /** See {@link Receipts#present}. */
  List<MigrationId> present() {
    return receipts.present();
  }
}
