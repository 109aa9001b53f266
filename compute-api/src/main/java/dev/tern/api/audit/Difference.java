package dev.tern.api.audit;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import java.time.Instant;
import java.util.Optional;

/**
 * One difference between what the database says and what is seen.
 *
 * @param host where it is
 * @param server whose it is, where that is known
 * @param migration that made it, where that is known
 * @param thing what it is about, unless that is the server's guest
 * @param database what the database says
 * @param seen what is on the host
 * @param since the newest moment that either side knows of the thing; empty where none does
 */
record Difference(
    DifferenceKind kind,
    HostName host,
    Optional<ServerId> server,
    Optional<MigrationId> migration,
    Optional<Thing> thing,
    String database,
    String seen,
    Optional<Instant> since) {

  /**
   * An object.
   *
   * @param kind {@code file}, {@code process} and so on, as in a receipt
   */
  record Thing(String kind, String name) {}

  /** Of the guest of a server. */
  static Difference ofGuest(
      DifferenceKind kind,
      HostName host,
      ServerId server,
      String database,
      String seen,
      Optional<Instant> since) {
    return new Difference(
        kind, host, Optional.of(server), Optional.empty(), Optional.empty(), database, seen, since);
  }

  /** What makes it the same when it is seen again, be it worse or better. */
  record Identity(
      HostName host,
      Optional<ServerId> server,
      Optional<MigrationId> migration,
      Optional<Thing> thing) {}

  Identity identity() {
    return new Identity(host, server, migration, thing);
  }
}
