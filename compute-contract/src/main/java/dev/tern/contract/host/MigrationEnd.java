package dev.tern.contract.host;

/** What became of a migration that is over, for the host that is told. */
public enum MigrationEnd {
  /**
   * A copy that came here for it is not the guest and never will be: the guest stayed at its
   * source, or was taken in by another host. The source itself is told so when its guest stayed.
   */
  NOT_TAKEN_IN,
  /** It was completed, and the host that is told is its source, or has the guest. */
  COMPLETED
}
