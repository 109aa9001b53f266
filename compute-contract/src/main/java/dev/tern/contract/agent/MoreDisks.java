package dev.tern.contract.agent;

/**
 * Disks beside the first.
 *
 * @param encrypted first and ephemeral disk are LUKS inside qcow2; their passphrases are made on
 *     the host and never leave it but sealed
 * @param ephemeralBytes of an empty second disk; 0 is none
 */
public record MoreDisks(boolean encrypted, long ephemeralBytes) {
  /** None. */
  public static final MoreDisks NONE = new MoreDisks(false, 0);
}
