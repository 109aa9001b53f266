package dev.tern.agent;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.agent.ArrivalStamps;
import dev.tern.contract.agent.LeavingStamps;
import java.util.Optional;

/**
 * One thing that happened to a server on this host and must be known after a crash. Each is durable
 * before what it allows is done.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
sealed interface JournalEntry {
  long epoch();

  /** A request of this epoch was taken up; older ones are refused from now on. */
  record Seen(long epoch) implements JournalEntry {}

  /** Disks and recipe are complete; the server lives here. */
  record Created(long epoch) implements JournalEntry {}

  /** The guest is about to be started. */
  record Launched(long epoch) implements JournalEntry {}

  /** No process is left, and the server still lives here. */
  record Stopped(long epoch, String reason) implements JournalEntry {}

  /**
   * The guest is a file from now on, and no process: that of this epoch, of so many bytes with that
   * CRC-32C. Written when all of it and of its disks is durable, before its QEMU is ended.
   */
  record Suspended(long epoch, long bytes, long sum) implements JournalEntry {}

  /**
   * The guest that was suspended in that epoch is a process again, which has all of the file; the
   * file is void. Written before the guest runs, so that no file is ever used by two.
   */
  record Restored(long epoch, long suspended) implements JournalEntry {}

  /** Disks for a guest that is to arrive are complete. */
  record DisksCreated(long epoch) implements JournalEntry {}

  /** An incoming copy is about to be started. */
  record IncomingPrepared(long epoch, boolean paused) implements JournalEntry {}

  /** The guest is here from now on, and nowhere else. Written before it runs. */
  record Arrived(long epoch) implements JournalEntry {}

  /** What QEMU said when the arrived guest was let run. */
  record Resumed(long epoch, Optional<ArrivalStamps> stamps) implements JournalEntry {}

  /** The copy here will never run in this epoch. Written before its process is ended. */
  record Dead(long epoch) implements JournalEntry {}

  /** The guest is given away: it does not run here again unless it returns. */
  record HandedOver(long epoch) implements JournalEntry {}

  /** QEMU has sent all of the guest. */
  record Sent(long epoch, Optional<LeavingStamps> stamps) implements JournalEntry {}

  /** The destination's copy is dead; the guest is ours again. Written before it runs. */
  record ReturnedHome(long epoch) implements JournalEntry {}

  /**
   * The migration of that hand-over has ended without this host, and nobody has the guest; it is
   * ours again. Written before it runs.
   */
  record GivenBack(long epoch, long handedOver) implements JournalEntry {}

  /** The server has come without its guest running, and lives here. */
  record Landed(long epoch) implements JournalEntry {}

  /** The server that had left in that epoch without its guest running is ours again. */
  record TakenBack(long epoch, long letGo) implements JournalEntry {}

  /** The guest lives elsewhere; what is left here may go. */
  record Retired(long epoch) implements JournalEntry {}
}
