package dev.tern.conductor.drain;

import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Movable;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a migration's end means for its server: it is there, rests and is tried again, or given up.
 */
final class Settling {
  private static final Optional<VmState> STOPPED = Optional.of(VmState.STOPPED);

  private final DrainRecord drain;
  private final Leg leg;
  private final DrainFacts facts;
  private final DrainSettings settings;
  private final Instant now;
  private final List<MigrationRecord> aborts = new ArrayList<>();
  private final List<ServerId> confirms = new ArrayList<>();

  Settling(DrainRecord drain, Leg leg, DrainFacts facts, DrainSettings settings, Instant now) {
    this.drain = drain;
    this.leg = leg;
    this.facts = facts;
    this.settings = settings;
    this.now = now;
  }

  /** Migrations that are to be asked to end. */
  List<MigrationRecord> aborts() {
    return List.copyOf(aborts);
  }

  /** Servers that run where they went, whose sources are to have nothing of them any more. */
  List<ServerId> confirms() {
    return List.copyOf(confirms);
  }

  /** A row whose migration may have ended, as it is now. */
  DrainServer settled(DrainServer row) {
    return row.cold() ? settledCold(row) : settledLive(row);
  }

  /** There is no way to end one before it has ended: it goes on, whatever the drain does. */
  private DrainServer settledCold(DrainServer row) {
    Optional<ColdMigrationRecord> migration = row.migration().flatMap(facts::coldMigration);
    if (migration.isEmpty()) {
      return row.in(ServerState.WAITING, "Its migration is not known any more.");
    }
    ColdMigrationRecord cold = migration.get();
    return switch (cold.status()) {
      case ACCEPTED, PRE_MIGRATING, MIGRATING, POST_MIGRATING, CONFIRMING, REVERTING -> row;
      case FINISHED -> arrived(row, cold);
      case CONFIRMED ->
          row.moved(
              cold.destination().orElseThrow(),
              Duration.between(cold.createdAt(), cold.finishedAt().orElse(cold.updatedAt())),
              cold.bytes(),
              cold.downTime());
      case REVERTED -> row.in(ServerState.LEFT, "Its cold migration was reverted.");
      case ERROR -> failedCold(row, cold);
    };
  }

  /** A confirmation that was lost, or came to nothing, is asked for again after a rest. */
  private DrainServer arrived(DrainServer row, ColdMigrationRecord cold) {
    if (row.notBefore().filter(now::isBefore).isPresent()) {
      return row;
    }
    confirms.add(row.server());
    return row.looked(
        now.plus(settings.firstRest()),
        "It is on %s; what %s has of it is being removed."
            .formatted(cold.destination().orElseThrow(), cold.source()));
  }

  private DrainServer failedCold(DrainServer row, ColdMigrationRecord cold) {
    String why =
        cold.failure().map(Failure::message).orElse("The migration ended without a reason.");
    boolean stands =
        cold.ran() && facts.server(row.server()).map(ServerRecord::vmState).equals(STOPPED);
    return stands
        ? row.in(ServerState.LEFT, why + " Its guest ran before, and could not be started again.")
        : failed(row, why);
  }

  private DrainServer settledLive(DrainServer row) {
    Optional<MigrationRecord> migration = row.migration().flatMap(facts::migration);
    if (migration.isEmpty()) {
      return row.in(ServerState.WAITING, "Its migration is not known any more.");
    }
    MigrationRecord ended = migration.get();
    if (ended.endedAt().isEmpty()) {
      if (drain.abortMoving() && !ended.abortRequested()) {
        aborts.add(ended);
      }
      return row;
    }
    return switch (ended.status()) {
      case COMPLETED ->
          row.moved(
              ended.destination().orElseThrow(),
              Duration.between(ended.createdAt(), ended.endedAt().get()),
              ended.memoryProcessed() + ended.diskProcessed(),
              ended.pause());
      case FAILED, CANCELLED, ERROR ->
          failed(
              row,
              ended
                  .failure()
                  .map(Failure::message)
                  .orElse("The migration ended without a reason."));
      case ACCEPTED, QUEUED, PREPARING, RUNNING -> throw new IllegalStateException("not ended");
    };
  }

  private DrainServer failed(DrainServer row, String why) {
    Optional<ServerRecord> server = facts.server(row.server());
    if (server.isEmpty()) {
      return row.in(ServerState.GONE, "The server was deleted.");
    }
    if (drain.state() == State.CANCELLED) {
      return row.in(ServerState.LEFT, why);
    }
    if (server.get().vmState() == VmState.ERROR) {
      return cannotMove(row, why);
    }
    Map<HostName, String> refused = new HashMap<>(row.refused());
    row.target().ifPresent(target -> refused.put(target, why));
    return again(row, why, false, refused);
  }

  /** Another try after a rest, unless it had as many as it may have. */
  DrainServer again(DrainServer row, String why, boolean counts, Map<HostName, String> refused) {
    int tries = row.tries() + (counts ? 1 : 0);
    if (tries >= drain.wishes().limits().tries().orElse(settings.tries())) {
      return cannotMove(
          row.later(now, why, counts, refused),
          tries == 1 ? why : "Tried %d times. %s".formatted(tries, why));
    }
    return row.later(now.plus(rest(tries)), why, counts, refused);
  }

  private Duration rest(int tries) {
    Duration rest = settings.firstRest().multipliedBy(1L << Math.min(20, Math.max(0, tries - 1)));
    return rest.compareTo(settings.longestRest()) < 0 ? rest : settings.longestRest();
  }

  /** What becomes of a server that was given up is the drain's to say; on its way home it stays. */
  DrainServer cannotMove(DrainServer row, String why) {
    return switch (drain.wishes().onCannotMove()) {
      case LEAVE -> row.in(ServerState.LEFT, why);
      case ASK -> row.in(leg == Leg.HOME ? ServerState.LEFT : ServerState.ASKING, why);
      case STOP -> row.in(leg == Leg.HOME ? ServerState.LEFT : ServerState.STOPPING, why);
      case COLD ->
          !row.cold() && facts.server(row.server()).filter(Settling::movesCold).isPresent()
              ? row.coldly(why)
              : row.in(ServerState.LEFT, why);
    };
  }

  private static boolean movesCold(ServerRecord server) {
    return Movable.against(server, true).isEmpty();
  }

  /** Why a server that waits does not run while it moves; empty when it does. */
  Optional<String> cold(DrainServer row, ServerRecord server) {
    if (row.cold()) {
      return Optional.of(row.reason());
    }
    return drain.wishes().onCannotMove() == OnCannotMove.COLD && movesCold(server)
        ? Movable.against(server, false)
        : Optional.empty();
  }

  /** Whether every host that would do was tried, and only another way is left. */
  boolean refusedLive(DrainServer row) {
    return drain.wishes().onCannotMove() == OnCannotMove.COLD
        && !row.cold()
        && !row.refused().isEmpty();
  }
}
