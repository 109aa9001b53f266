package dev.tern.contract;

/** Nova's words for where a live migration is. */
public enum MigrationStatus {
  ACCEPTED("accepted"),
  QUEUED("queued"),
  PREPARING("preparing"),
  RUNNING("running"),
  COMPLETED("completed"),
  /** Rolled back, the server is fine. */
  FAILED("failed"),
  /** Stopped by its user, the server is fine. */
  CANCELLED("cancelled"),
  /** Refused by a check before anything moved, or broken after the hand-over. */
  ERROR("error");

  private final String wire;

  MigrationStatus(String wire) {
    this.wire = wire;
  }

  public String wire() {
    return wire;
  }

  public boolean terminal() {
    return switch (this) {
      case ACCEPTED, QUEUED, PREPARING, RUNNING -> false;
      case COMPLETED, FAILED, CANCELLED, ERROR -> true;
    };
  }
}
