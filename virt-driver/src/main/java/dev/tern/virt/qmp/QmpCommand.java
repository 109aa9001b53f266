package dev.tern.virt.qmp;

/**
 * A command to QEMU: a record named as QEMU names it, its components named as QEMU names the
 * arguments ({@code nodeName} is {@code node-name}; null is left out).
 *
 * @param <R> what QEMU returns: a record with the members that are used, a list of such, or {@code
 *     Void}
 */
public interface QmpCommand<R> {

  /** The name on the wire. */
  default String command() {
    return QmpJson.commandName(getClass());
  }

  /** How long its answer may take. */
  default Pace pace() {
    return Pace.CHANGE;
  }

  /** Sent past the queue of waiting commands, which QEMU allows for a few. */
  default boolean outOfBand() {
    return false;
  }

  /** Classes of commands, each with its own deadline. */
  enum Pace {
    /** Looks only. */
    QUERY,
    /** Changes something inside QEMU. */
    CHANGE,
    /** Talks to another host while it runs. */
    NETWORK
  }
}
