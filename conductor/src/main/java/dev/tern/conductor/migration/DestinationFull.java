package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;

/**
 * A copy that broke because its destination has no room left: the source does not know its name.
 */
final class DestinationFull {
  private DestinationFull() {}

  /** The failure with the host's name, if it is that one, and as it was otherwise. */
  static StepFailed named(StepFailed failed, HostName destination) {
    return failed.effect() == StepFailed.Effect.REFUSED
            && failed.failure().code() == ErrorCode.HOST_DISK_FULL
        ? StepFailed.refused(
            new Failure(
                ErrorCode.HOST_DISK_FULL,
                "Host %s is full: %s".formatted(destination, failed.failure().message())))
        : failed;
  }
}
