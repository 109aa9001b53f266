package dev.tern.store;

import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/**
 * Which servers, migrations, drains and hosts have changed, in the order of their transactions: the
 * database notes it in the transaction that changes them. Any number of readers may read; each goes
 * on from where it was, and misses nothing. What is noted is forgotten after a while, and by a
 * crash of the database.
 */
public interface ChangeStore {
  /** Of what. */
  enum Kind {
    SERVER,
    MIGRATION,
    DRAIN,
    HOST
  }

  /**
   * Something has changed.
   *
   * @param key its id, or a host's name
   */
  record Change(Kind kind, String key) {}

  /**
   * What has changed between two looks, each once.
   *
   * @param upTo where the next look begins
   * @param complete whether that is all; there was more than the limit otherwise
   */
  record Changes(long upTo, List<Change> changes, boolean complete) {}

  /** From where on a reader that begins now reads. */
  long now();

  /**
   * What transactions have changed that ended since an earlier look.
   *
   * @param from the {@code upTo} of that look, or {@link #now}
   * @param limit most changes that are wanted
   */
  Changes since(long from, int limit);

  /** Forgets what is older; answers how many that were. */
  int forget(Duration age);

  /** These servers as they are, deleted or not; those that are not there are left out. */
  List<ServerRecord> servers(Collection<ServerId> ids);

  /** These migrations as they are; those that are not there are left out. */
  List<MigrationRecord> migrations(Collection<MigrationId> ids);

  /** These drains as they are; those that are not there are left out. */
  List<DrainRecord> drains(Collection<UUID> ids);
}
