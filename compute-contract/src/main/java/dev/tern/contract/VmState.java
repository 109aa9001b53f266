package dev.tern.contract;

/** What a server is when nothing is being done to it. {@link #wire} is Nova's {@code vm_state}. */
public enum VmState {
  BUILDING("building"),
  ACTIVE("active"),
  PAUSED("paused"),
  /** Its guest is a file of its host, which goes on when it is resumed. */
  SUSPENDED("suspended"),
  STOPPED("stopped"),
  /** On another host since a cold migration or resize, and neither confirmed nor reverted. */
  RESIZED("resized"),
  ERROR("error"),
  DELETED("deleted");

  private final String wire;

  VmState(String wire) {
    this.wire = wire;
  }

  public String wire() {
    return wire;
  }
}
