package dev.tern.simulation;

/**
 * What goes wrong, and when.
 *
 * @param label of an effect: who does what
 * @param nth time it is done, from 1
 */
record Fault(String label, int nth, Kind kind) {
  /** What can go wrong. */
  enum Kind {
    NONE,
    /** Who acts is killed before it acts. */
    DIES,
    /** Half of what is being written is written, and who writes it is killed. */
    TORN,
    /** There is no room on the disk for this. */
    DISK_FULL,
    /** The database did not do it. */
    DATABASE_FAILS,
    /** The database did it, and nobody hears of that. */
    COMMIT_UNHEARD,
    /** The monitor is silent. */
    MONITOR_SILENT,
    /** A QEMU that runs its guest is killed. */
    RUNNER_DIES,
    /** A QEMU that does not run its guest is killed. */
    COPY_DIES,
    /** Streams between hosts break, and none is made for a while. */
    LINK_BREAKS,
    /** Nothing is heard of a host, and it hears nothing, for a while. */
    SILENCE,
    /** A request that was sent once comes again, now or much later. */
    COMES_AGAIN,
    /** A host has no agent and no QEMU for up to half an hour, unless somebody fences it. */
    POWER_LOST,
    /** This request is lost on its way. */
    LOST,
    /** The user wants it stopped. */
    ABORT,
    /** Conductors and agents are all killed. */
    ALL_DIE
  }

  @Override
  public String toString() {
    return "%s at '%s' (%d)".formatted(kind, label, nth);
  }
}
