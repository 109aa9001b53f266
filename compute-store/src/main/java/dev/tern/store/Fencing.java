package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.SagaStore.Direction;

/** Which statement about a host may let which migration end. */
final class Fencing {
  private Fencing() {}

  /** See {@link FenceStore#requireWaiting}. */
  static HostName requireWaiting(
      MigrationEntity migration, SagaEntity saga, HostName host, Runs runs) {
    if (migration.endedAt != null) {
      throw refused(migration, "it has ended as %s".formatted(migration.status.wire()));
    }
    boolean ofSource = host.value().equals(migration.source);
    if (!ofSource && !host.value().equals(migration.destination)) {
      throw refused(migration, "it has nothing to do with host %s".formatted(host));
    }
    if (runs == Runs.NOWHERE) {
      requireLost(migration, host, ofSource);
    } else if (ofSource && !migration.ownerChanged) {
      throw refused(
          migration,
          "the guest has not arrived at its destination, so that %s has the only copy of it that is known to be good; nobody starts another. Bring %s back; if it is lost for good, the guest is lost with it, and runner is 'none'"
              .formatted(host, host));
    }
    if (!ofSource && migration.ownerChanged) {
      throw refused(
          migration,
          "the guest runs at its destination %s, which answers for itself".formatted(host));
    }
    boolean waits = migration.inDoubt || saga.direction == Direction.BACK;
    if ((!ofSource || runs == Runs.NOWHERE) && !waits) {
      throw refused(
          migration,
          "it is not in doubt, nor being taken back: its status is %s, and Tern finds out by itself where the guest runs"
              .formatted(migration.status.wire()));
    }
    return new HostName(ofSource ? String.valueOf(migration.destination) : migration.source);
  }

  private static void requireLost(MigrationEntity migration, HostName host, boolean ofSource) {
    if (!ofSource) {
      throw refused(
          migration,
          "the guest is lost only with its source %s, and %s is its destination"
              .formatted(migration.source, host));
    }
    if (migration.ownerChanged) {
      throw refused(
          migration,
          "the guest has arrived at its destination %s: runner is 'destination'"
              .formatted(migration.destination));
    }
    if (migration.destination == null) {
      throw refused(migration, "it has no destination yet, so nothing of it is elsewhere");
    }
  }

  private static ComputeException refused(MigrationEntity migration, String why) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_RESOLVABLE,
        "Migration %s cannot be resolved: %s.".formatted(migration.uuid, why),
        null);
  }

  /** Another host was fenced before. */
  static ComputeException another(FenceEntity there) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_RESOLVABLE,
        "Migration %s was resolved before, with host %s fenced."
            .formatted(there.migration, there.host),
        null);
  }
}
