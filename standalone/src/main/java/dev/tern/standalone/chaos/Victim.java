package dev.tern.standalone.chaos;

import java.util.List;
import java.util.Locale;

/** What is killed in a cell of the table, or held still for longer than its heartbeat may be. */
public enum Victim {
  API,
  CONDUCTOR,
  SCHEDULER,
  SOURCE_AGENT,
  DESTINATION_AGENT,
  BOTH_AGENTS,
  BROKER,
  DATABASE,
  /** SIGSTOP, and SIGCONT when the conductor has given up waiting for an answer. */
  SOURCE_AGENT_HELD,
  DESTINATION_AGENT_HELD,
  SOURCE_QEMU,
  DESTINATION_QEMU,
  /** All of Tern's processes, broker and database at once; the two QEMUs live on. */
  EVERYTHING;

  /** As the table and the command line call it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * @throws IllegalArgumentException naming the word and those there are
   */
  public static Victim of(String word) {
    for (Victim victim : values()) {
      if (victim.word().equals(word)) {
        return victim;
      }
    }
    throw new IllegalArgumentException(
        "There is no victim '%s'; there are %s."
            .formatted(word, List.of(values()).stream().map(Victim::word).toList()));
  }

  /** Whether the guest itself may die of it: then a server that is SHUTOFF or in ERROR is right. */
  boolean mayKillTheGuest() {
    return this == SOURCE_QEMU || this == DESTINATION_QEMU;
  }
}
