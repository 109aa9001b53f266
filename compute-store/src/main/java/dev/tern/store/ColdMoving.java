package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.Requests.Refusals;
import dev.tern.store.SagaStore.SagaKind;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Which servers are moved cold, confirmed and reverted. */
final class ColdMoving {
  static final String CONFIRM = "confirmResize";
  static final String REVERT = "revertResize";

  private ColdMoving() {}

  static String action(NewColdMigration asked) {
    return asked.flavor().isPresent() ? "resize" : "migrate";
  }

  /** Passes a server that can go to another host. */
  static void guard(ServerEntity server, NewColdMigration asked) {
    Requests.guard(server, action(asked), Set.of(VmState.ACTIVE, VmState.STOPPED));
    Requests.guardHost(server, action(asked));
    Optional<FlavorRecord> wanted = asked.flavor();
    if (wanted.isPresent() && wanted.get().id().equals(server.flavorId)) {
      throw new ComputeException(
          ErrorCode.INVALID_INPUT, "When resizing, instances must change flavor!", null);
    }
  }

  /**
   * Passes one that waits for a word.
   *
   * @param open the server's
   */
  static ColdMigrationEntity guardWaiting(
      ServerEntity server, String action, Optional<ColdMigrationEntity> open) {
    Requests.guard(server, action, Set.of(VmState.RESIZED));
    return open.filter(migration -> migration.status == ColdStatus.FINISHED)
        .orElseThrow(() ->
            new ComputeException(ErrorCode.INVALID_INPUT, "Instance has not been resized.", null));
  }

  static void requireOf(ColdMigrationEntity migration, SagaEntity saga) {
    if (!migration.saga.equals(saga.id)) {
      throw new IllegalArgumentException(
          "saga %s is not of cold migration %s".formatted(saga.id, migration.uuid));
    }
  }

  /** A server that both hosts have is neither of the states it could be reset to. */
  static void guardReset(ServerEntity server) {
    if (server.vmState == VmState.RESIZED) {
      throw Refusals.invalidState(
          new ServerId(server.id),
          "resetState",
          "vm_state resized: confirm or revert its migration first");
    }
  }

  static SagaKind sagaOf(ColdStatus settling) {
    return settling == ColdStatus.CONFIRMING ? SagaKind.CONFIRM_RESIZE : SagaKind.REVERT_RESIZE;
  }

  static EvacuationLeftoverEntity leftover(
      ColdMigrationEntity migration, String host, long epoch, java.time.Instant now) {
    EvacuationLeftoverEntity left = new EvacuationLeftoverEntity();
    left.evacuation = migration.uuid;
    left.server = migration.server;
    left.host = host;
    left.epoch = epoch;
    left.request = migration.request;
    left.leftAt = now;
    return left;
  }

  /** Of the epoch of whatever asks for it, which may be younger than the migration. */
  static EvacuationLeftoverEntity takeBack(
      ColdMigrationEntity migration, ServerEntity server, java.time.Instant now) {
    EvacuationLeftoverEntity owed = leftover(migration, migration.source, server.epoch, now);
    owed.takeBack = migration.epoch;
    return owed;
  }

  static IllegalStateException none(UUID id) {
    return new IllegalStateException("no cold migration " + id);
  }
}
