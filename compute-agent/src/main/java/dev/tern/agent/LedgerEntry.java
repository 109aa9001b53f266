package dev.tern.agent;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.MigrationEnd;
import dev.tern.contract.host.ReceiptEntry.End;
import dev.tern.contract.host.ReceiptEntry.Kind;
import java.time.Instant;
import java.util.Optional;

/** One line of a {@link Ledger}. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
sealed interface LedgerEntry {

  /** The first line: whose migration this is. */
  record Opened(ServerId server, long epoch) implements LedgerEntry {}

  /** The object is about to be made. Written before it is. */
  record Intended(int number, Thing thing, Instant at) implements LedgerEntry {}

  /** It was seen. */
  record Made(int number, Instant at) implements LedgerEntry {}

  /**
   * What became of it.
   *
   * @param why the sweeper took it back; empty for what went its usual way
   */
  record Ended(int number, End end, Instant at, Optional<String> why) implements LedgerEntry {}

  /** The migration is over. Nothing is intended after. */
  record Over(MigrationEnd end, Instant at) implements LedgerEntry {}

  /**
   * An object of a migration on this host.
   *
   * @param place where to look for it
   * @param name as people are told; how {@code place} knows it
   */
  record Thing(Kind kind, Place place, String name) {}

  /** Where an object is looked for. */
  enum Place {
    /** A path below the data directory, gone when the migration is over. */
    DATA,
    /** A path below the data directory; the guest's own once it has arrived. */
    SERVER,
    /** A path below the data directory that stays whatever becomes of the migration. */
    HOST,
    /** A file beside the passphrases of this host's disks; the guest's own once it has arrived. */
    SECRETS,
    /** Room promised to the server in this migration. */
    ROOM,
    /** The QEMU of the server itself. */
    QEMU,
    /** Something in that QEMU, gone when the migration is over. */
    IN_QEMU,
    /** Something in that QEMU; the guest's own once it has arrived. */
    IN_GUEST,
    /** The tool that takes in the server's layers, and what it listens on. */
    RECEIVER
  }
}
