package dev.tern.contract.host;

import com.fasterxml.jackson.annotation.JsonCreator;
import java.time.Instant;
import java.util.Optional;

/**
 * One object that a migration needs on a host, as that host's receipt has it. It is written down
 * before the object is made; what became of it is found by looking, never assumed.
 *
 * @param number rises within the receipt of one migration on one host
 * @param name a path below the host's data directory, or what QEMU or the kernel calls it
 * @param madeAt when it was first seen
 * @param end empty while it is there, or while it is not known whether it is
 * @param endedAt when that was first seen; there when {@code end} is
 * @param why it was taken back by the sweeper, in words; empty for what went its usual way
 */
public record ReceiptEntry(
    int number,
    Kind kind,
    String name,
    Instant intendedAt,
    Optional<Instant> madeAt,
    Optional<End> end,
    Optional<Instant> endedAt,
    Optional<String> why) {
  @JsonCreator
  public ReceiptEntry {}

  /** One that goes its usual way. */
  public ReceiptEntry(
      int number,
      Kind kind,
      String name,
      Instant intendedAt,
      Optional<Instant> madeAt,
      Optional<End> end,
      Optional<Instant> endedAt) {
    this(number, kind, name, intendedAt, madeAt, end, endedAt, Optional.empty());
  }

  /** What an object is. */
  public enum Kind {
    /** A file or a directory. */
    FILE,
    /** What the agent promised about a server. */
    JOURNAL,
    /** A key of the migration's streams, in a file or in QEMU, or a disk's passphrase. */
    KEY,
    /** Room on the host's disk. */
    RESERVATION,
    /** A QEMU, or one of its tools. */
    PROCESS,
    /** A TCP port that is listened on. */
    PORT,
    /** A disk served over NBD. */
    EXPORT,
    /** A node of QEMU's block graph. */
    BLOCK_NODE
  }

  /** What became of an object. */
  public enum End {
    /** It was there, and is no more. */
    REMOVED,
    /** It is the guest's own now, or the host's, and stays. */
    KEPT,
    /**
     * It was not there when the step that was to make it had ended: never made, or taken back by
     * that step itself.
     */
    NOT_MADE
  }

  /** Whether the host still has it, or cannot say. */
  public boolean open() {
    return end.isEmpty();
  }
}
