package dev.tern.contract.move;

/** What is done with a migration that has not ended by its deadline. */
public enum AtDeadline {
  /** It is taken back; the guest goes on at its source. */
  ABORT("abort"),
  /** The guest is paused until all of it has moved. */
  FORCE("force"),
  /** The guest goes on at its destination, and its memory follows. */
  POST_COPY("post-copy");

  private final String wire;

  AtDeadline(String wire) {
    this.wire = wire;
  }

  /** As the API spells it. */
  public String wire() {
    return wire;
  }
}
