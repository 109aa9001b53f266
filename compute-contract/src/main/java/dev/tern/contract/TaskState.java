package dev.tern.contract;

/**
 * What is being done to a server now. A server with one is locked for everything but delete. {@link
 * #wire} is Nova's.
 */
public enum TaskState {
  SCHEDULING("scheduling"),
  SPAWNING("spawning"),
  POWERING_ON("powering-on"),
  POWERING_OFF("powering-off"),
  MIGRATING("migrating"),
  DELETING("deleting");

  private final String wire;

  TaskState(String wire) {
    this.wire = wire;
  }

  public String wire() {
    return wire;
  }
}
