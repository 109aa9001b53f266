package dev.tern.conductor.migration;

import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.store.FenceStore;
import dev.tern.store.FenceStore.FenceRecord;
import java.util.Optional;
import org.slf4j.event.Level;

/**
 * Whether an operator has stated that a host of this migration is dead. The statement counts from
 * the moment it is relied on, which is in the database before anything is done because of it: from
 * then on no answer of that host counts in this migration, whichever conductor runs it.
 */
public final class Fencing {
  private final FenceStore fences;
  private final MigrationId migration;
  private final Hold hold;
  private final SagaLog log;
  private Optional<FenceRecord> relied = Optional.empty();

  public Fencing(FenceStore fences, MigrationId migration, Hold hold, SagaLog log) {
    this.fences = fences;
    this.migration = migration;
    this.hold = hold;
    this.log = log;
  }

  /** Whether this migration goes on without the host. */
  boolean reliedOn(HostName host) {
    if (relied.isEmpty()) {
      relied = fences.of(migration).filter(fence -> fence.reliedOnAt().isPresent());
    }
    return relied.filter(fence -> fence.host().equals(host)).isPresent();
  }

  /** Whether the host was stated to be dead: worth a question whether it answers. */
  boolean stated(HostName host) {
    return fences.of(migration).filter(fence -> fence.host().equals(host)).isPresent();
  }

  /** To be asked when the host is silent: whether to go on without it from now on. */
  boolean relyOn(HostName host) {
    if (reliedOn(host)) {
      return true;
    }
    relied = fences.relyOn(hold.lease(), migration, host);
    relied.ifPresent(fence ->
        log.at(Level.WARN)
            .addKeyValue("host", host)
            .addKeyValue("user", fence.user())
            .addKeyValue("statedBy", fence.request())
            .log("the host was stated to be dead; the migration goes on without it"));
    return relied.isPresent();
  }

  /** The source that was relied on as lost may have had the only other copy of the disks. */
  void kept(String directory) {
    fences.kept(hold.lease(), migration, directory);
  }

  /** Where on the destination disks were kept for want of a source. */
  Optional<String> kept() {
    return fences.of(migration).flatMap(FenceRecord::kept);
  }

  /** Who stated it, for people. */
  String statement() {
    return relied
        .map(fence ->
            "host %s was fenced, as user %s stated at %s"
                .formatted(fence.host(), fence.user(), fence.statedAt()))
        .orElse("");
  }
}
