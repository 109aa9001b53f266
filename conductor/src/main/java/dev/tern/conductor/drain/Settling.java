package dev.tern.conductor.drain;

import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.VmState;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.MigrationStore.MigrationRecord;
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
  private final DrainRecord drain;
  private final Leg leg;
  private final DrainFacts facts;
  private final DrainSettings settings;
  private final Instant now;
  private final List<MigrationRecord> aborts = new ArrayList<>();

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

  /** A row whose migration may have ended, as it is now. */
  DrainServer settled(DrainServer row) {
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
      case FAILED, CANCELLED, ERROR -> failed(row, ended);
      case ACCEPTED, QUEUED, PREPARING, RUNNING -> throw new IllegalStateException("not ended");
    };
  }

  private DrainServer failed(DrainServer row, MigrationRecord ended) {
    String why =
        ended.failure().map(Failure::message).orElse("The migration ended without a reason.");
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
    return row.in(
        leg == Leg.HOME
            ? ServerState.LEFT
            : switch (drain.wishes().onCannotMove()) {
              case LEAVE -> ServerState.LEFT;
              case ASK -> ServerState.ASKING;
              case STOP -> ServerState.STOPPING;
            },
        why);
  }

  /** Why a server cannot be moved, whatever there is to move it to. */
  static Optional<String> unmovable(ServerRecord server) {
    return switch (server.vmState()) {
      case ACTIVE, PAUSED -> Optional.empty();
      case RESIZED ->
          Optional.of("Its cold migration is neither confirmed nor reverted. Do one of them.");
      case STOPPED ->
          Optional.of(
              "It is stopped, and servers move only while they run or are paused. Start it, or"
                  + " delete it.");
      case ERROR ->
          Optional.of(
              "It is in error%s. Mend or delete it."
                  .formatted(
                      server
                          .fault()
                          .map(fault -> " (" + fault.failure().message() + ")")
                          .orElse("")));
      case BUILDING, DELETED -> Optional.of("It is %s.".formatted(server.vmState().wire()));
    };
  }
}
