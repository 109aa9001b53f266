package dev.tern.standalone.chaos;

import java.util.List;
import java.util.Locale;

/** What is killed in a cell of the table, held, cut off or filled. */
public enum Victim {
  API,
  /** SIGTERM, and started again when it has ended. */
  API_STOPPED,
  /** Of two copies the one that runs the migration. */
  CONDUCTOR,
  /** SIGTERM to that one; it is started again only when the other has gone on. */
  CONDUCTOR_STOPPED,
  /** SIGSTOP for longer than its lease. */
  CONDUCTOR_HELD,
  SCHEDULER,
  SOURCE_AGENT,
  DESTINATION_AGENT,
  BOTH_AGENTS,
  BROKER,
  /** All connections to it shut; it lives on. */
  BROKER_CUT,
  BROKER_HELD,
  DATABASE,
  DATABASE_CUT,
  DATABASE_HELD,
  /** SIGSTOP, and SIGCONT when the conductor has given up waiting for an answer. */
  SOURCE_AGENT_HELD,
  DESTINATION_AGENT_HELD,
  SOURCE_QEMU,
  DESTINATION_QEMU,
  SOURCE_QEMU_HELD,
  DESTINATION_QEMU_HELD,
  /** All connections between the two QEMUs shut. */
  LINK_CUT,
  /** Whatever one QEMU sends to the other is lost for a while, and nobody is told. */
  LINK_DEAD,
  /** The destination's file system has no byte left for a while. Needs root. */
  DESTINATION_FULL,
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

  /** Whether it stays so for as long as was asked for, instead of a moment. */
  boolean lasts() {
    return name().endsWith("_HELD") || this == LINK_DEAD || this == DESTINATION_FULL;
  }

  /** Whether the guest itself may die of it: then a server that is SHUTOFF or in ERROR is right. */
  boolean mayKillTheGuest() {
    return this == SOURCE_QEMU || this == DESTINATION_QEMU;
  }
}
