package dev.tern.agent;

import dev.tern.agent.LedgerEntry.Place;
import dev.tern.contract.ComputeException;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DropLayers;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.virt.Guest;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes back what is left here of migrations that are over. It goes from the receipts, in which
 * every object was announced before it was made, and never from a directory: what no receipt names
 * is never touched. It asks for the same undos as the conductor does, under the migration's own
 * epoch; they refuse where the guest lives. Before that it looks itself, because it may be told an
 * end that is not true (a database that was restored): a copy that has arrived, or may have, stays.
 */
final class Sweeping {
  private static final Logger log = LoggerFactory.getLogger(Sweeping.class);
  private static final String WHY = "swept: the migration is over";
  private static final int ASKS = 3;

  private final Instances instances;
  private final AgentRequests requests;
  private final ReceiptKeeping receipts;
  private final Exact exact;
  private final Duration age;
  private final Map<Kind, LongAdder> swept = new EnumMap<>(Kind.class);

  /** One sweep at a time: a round and what is told of an end may meet. */
  private final ReentrantLock sweeping = new ReentrantLock();

  /** What is named by server and epoch, so that it is no younger migration's. */
  @FunctionalInterface
  interface Exact {
    void remove(Header header) throws IOException;
  }

  /**
   * @param age see {@link AgentSettings#sweepAge}
   */
  Sweeping(
      Instances instances,
      AgentRequests requests,
      ReceiptKeeping receipts,
      Exact exact,
      Duration age) {
    this.instances = instances;
    this.requests = requests;
    this.receipts = receipts;
    this.exact = exact;
    this.age = age;
    for (Kind kind : Kind.values()) {
      swept.put(kind, new LongAdder());
    }
  }

  /** Objects taken back since this agent started. */
  long swept(Kind kind) {
    LongAdder count = swept.get(kind);
    return count == null ? 0 : count.sum();
  }

  /**
   * Takes note of a migration's end, durably, and sweeps what is old enough.
   *
   * @throws IOException when it could not be noted; then nothing was swept
   */
  void over(MigrationId migration, MigrationEnd end) throws IOException, InterruptedException {
    receipts.over(migration, end);
    sweep(List.of(migration));
  }

  /**
   * Looks once at all that is left of migrations that are over; what fails is left for the next.
   */
  void round() throws InterruptedException {
    sweep(receipts.leftovers(age));
  }

  private void sweep(List<MigrationId> migrations) throws InterruptedException {
    if (!sweeping.tryLock()) {
      return;
    }
    try {
      for (MigrationId migration : receipts.leftovers(age)) {
        Optional<Ledger> ledger = receipts.ledger(migration);
        if (migrations.contains(migration) && ledger.isPresent()) {
          sweep(migration, ledger.get());
        }
      }
    } finally {
      sweeping.unlock();
    }
  }

  private void sweep(MigrationId migration, Ledger ledger) throws InterruptedException {
    List<Ledger.Item> gone =
        receipts.sweep(migration, ledger, WHY, () -> tryToTakeBack(migration, ledger));
    for (Ledger.Item item : gone) {
      Optional.ofNullable(swept.get(item.thing().kind())).ifPresent(LongAdder::increment);
    }
    if (!gone.isEmpty()) {
      log.atWarn()
          .addKeyValue("migration", migration)
          .addKeyValue("server", ledger.server())
          .addKeyValue("objects", gone.stream().map(item -> item.thing().name()).toList())
          .log("swept what was left of a migration that is over");
    }
  }

  private void tryToTakeBack(MigrationId migration, Ledger ledger) throws InterruptedException {
    try {
      takeBack(migration, ledger);
    } catch (IOException | VirtException | ComputeException e) {
      log.atWarn()
          .addKeyValue("migration", migration)
          .addKeyValue("server", ledger.server())
          .setCause(e)
          .log("what is left of a migration could not be taken back yet");
    }
  }

  private void takeBack(MigrationId migration, Ledger ledger)
      throws IOException, VirtException, InterruptedException {
    Header own = header(migration, ledger, ledger.epoch());
    Instance instance = instances.of(ledger.server());
    if (instance.belongsToAnotherHost()) {
      return;
    }
    Standing standing = instance.standing();
    if (standing.highestEpoch() > ledger.epoch() && !outlived(ledger, standing)) {
      exact.remove(own); // All else may be a younger operation's.
      return;
    }
    Header header = header(migration, ledger, Math.max(ledger.epoch(), standing.highestEpoch()));
    boolean notTakenIn = ledger.over().equals(Optional.of(MigrationEnd.NOT_TAKEN_IN));
    boolean settled =
        switch (standing.place()) {
          case NOTHING -> !instance.present() || (notTakenIn && removed(header, ledger, instance));
          case RECEIVING, INCOMING, DEAD ->
              notTakenIn
                  && (standing.place() == Standing.Place.DEAD
                      || (standing.epoch() == ledger.epoch() && !mayHaveArrived(instance)))
                  && asked(new KillIncoming(header))
                  && asked(new DeleteDisks(header));
          case RUNNING ->
              standing.came().epoch() == ledger.epoch()
                  ? standing.came().resumed()
                  : notTakenIn && freed(header, ledger);
          case STOPPED, SUSPENDED, DEFINED -> true;
          // It has left and is not retired, or its removal goes on: not for a sweeper to decide.
          case HANDED_OVER, RETIRED -> false;
        };
    if (settled && dropped(header, ledger)) {
      exact.remove(own);
    }
  }

  private static Header header(MigrationId migration, Ledger ledger, long epoch) {
    return new Header(
        RequestId.of(migration.value()), ledger.server(), epoch, Optional.of(migration));
  }

  /**
   * A copy of this migration, made again by a request that came late, of a server of which younger
   * requests were seen since; and no younger migration has anything here. A younger one that begins
   * now would remove that copy too.
   */
  private boolean outlived(Ledger ledger, Standing standing) {
    return switch (standing.place()) {
      case RECEIVING, INCOMING ->
          standing.epoch() == ledger.epoch() && !receipts.youngerUnderWay(ledger);
      // Whichever epoch ended it: it never starts, and its removal may have come before that copy.
      case DEAD -> !receipts.youngerUnderWay(ledger);
      case NOTHING, DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER, RETIRED -> false;
    };
  }

  /**
   * A directory without a record, which this migration had announced: its making was cut off.
   * Anything else that stands in its place was put there by somebody.
   */
  private boolean removed(Header header, Ledger ledger, Instance instance)
      throws InterruptedException {
    return open(ledger, item -> item.name().equals("instances/" + ledger.server()))
        && Files.isDirectory(instance.directory(), LinkOption.NOFOLLOW_LINKS)
        && asked(new DeleteDisks(header));
  }

  /** Only where there is something to drop: it ends the fetching of a younger migration too. */
  private boolean dropped(Header header, Ledger ledger) throws InterruptedException {
    return !open(
            ledger,
            thing ->
                thing.place() == Place.RECEIVER
                    || thing.name().equals("receiving/" + ledger.server()))
        || asked(new DropLayers(header));
  }

  private static boolean open(Ledger ledger, Predicate<LedgerEntry.Thing> which) {
    return ledger.items().stream().anyMatch(item -> item.open() && which.test(item.thing()));
  }

  /** The guest is home; whatever still hangs on it of the migration goes. */
  private boolean freed(Header header, Ledger ledger) throws InterruptedException {
    return !open(
            ledger,
            thing -> thing.place() == Place.IN_QEMU || thing.name().endsWith("/" + MoveNote.FILE))
        || asked(new CancelMirrors(header));
  }

  /**
   * Whether a copy is, or may be, the guest itself: all of it has come, and only the record or the
   * permit is missing. A QEMU that does not say may have it.
   */
  private static boolean mayHaveArrived(Instance instance) throws IOException, VirtException {
    Optional<Guest> guest = instance.guest();
    return guest.isPresent() && guest.get().runState() != Guest.RunState.INCOMING;
  }

  /** Whether it was done; a refusal is told, and leaves what it would have taken back. */
  private boolean asked(AgentRequest request) throws InterruptedException {
    AgentAnswer answer = requests.answer(request);
    for (int i = 1; i < ASKS && answer instanceof AgentAnswer.Working; i++) {
      answer = requests.answer(request);
    }
    if (answer instanceof AgentAnswer.Refused(var failure)) {
      log.atWarn()
          .addKeyValue("server", request.header().server())
          .addKeyValue("step", request.getClass().getSimpleName())
          .addKeyValue("reason", failure.message())
          .log("what is left of a migration is not taken back");
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    return answer instanceof AgentAnswer.Done;
  }
}
