package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.util.Locale;

/** What this agent says no with. */
final class Refusals {
  private Refusals() {}

  static ComputeException absent(ServerId server) {
    return new ComputeException(
        ErrorCode.GUEST_ABSENT,
        "Nothing is known of server %s on this host.".formatted(server),
        null);
  }

  static ComputeException wrongPlace(ServerId server, Standing standing, String wish) {
    return new ComputeException(
        ErrorCode.INSTANCE_INVALID_STATE,
        "Server %s is %s on this host (epoch %d), so it cannot be %s."
            .formatted(
                server,
                standing.place().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                standing.epoch(),
                wish),
        null);
  }

  static ComputeException staleEpoch(ServerId server, long asked, long highest) {
    return new ComputeException(
        ErrorCode.STALE_EPOCH,
        "Epoch %d of server %s has passed; this host has seen %d."
            .formatted(asked, server, highest),
        null);
  }

  static ComputeException invalid(String message) {
    return new ComputeException(ErrorCode.INVALID_INPUT, message, null);
  }

  static ComputeException processGone(ServerId server) {
    return new ComputeException(
        ErrorCode.HYPERVISOR_FAILED, "The QEMU of server %s is gone.".formatted(server), null);
  }

  static ComputeException endedUnsent(ServerId server) {
    return new ComputeException(
        ErrorCode.SOURCE_ENDED,
        "The QEMU of server %s has ended here, and is not known to have sent all of its memory."
            .formatted(server),
        null);
  }

  /** Any failure as the asker is told it. */
  static Failure failure(Exception e) {
    return switch (e) {
      case ComputeException known -> new Failure(known.code(), known.explanation());
      case VirtException virt ->
          new Failure(ErrorCode.HYPERVISOR_FAILED, "The hypervisor says: " + virt.getMessage());
      case Journal.Conflict conflict ->
          new Failure(ErrorCode.INSTANCE_INVALID_STATE, String.valueOf(conflict.getMessage()));
      case IOException io when full(io) ->
          new Failure(ErrorCode.HOST_DISK_FULL, "The disk of this host is full.");
      case IOException io ->
          new Failure(ErrorCode.UNEXPECTED, "This host's disk failed: " + io.getMessage());
      case InterruptedException _ ->
          new Failure(ErrorCode.MIGRATION_CANCELLED, "The work was cancelled.");
      default -> new Failure(ErrorCode.UNEXPECTED, "Unexpected: " + e.getClass().getSimpleName());
    };
  }

  private static boolean full(IOException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("No space left") || message.contains("Disk quota exceeded");
  }
}
