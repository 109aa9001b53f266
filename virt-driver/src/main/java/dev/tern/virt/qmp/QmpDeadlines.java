package dev.tern.virt.qmp;

import java.time.Duration;

/**
 * How long an answer may take, by class of command.
 *
 * @param query a command that only looks
 * @param change a command that changes something inside QEMU
 * @param network a command that talks to another host while it runs
 */
public record QmpDeadlines(Duration query, Duration change, Duration network) {

  Duration of(QmpCommand.Pace pace) {
    return switch (pace) {
      case QUERY -> query;
      case CHANGE -> change;
      case NETWORK -> network;
    };
  }
}
