package dev.tern.contract.agent;

import java.util.Optional;

/**
 * Disks beside the first.
 *
 * @param encrypted first and ephemeral disk are LUKS inside qcow2; their passphrases are made on
 *     the host and never leave it but sealed
 * @param ephemeralBytes of an empty second disk; 0 is none
 * @param config what the config drive holds; empty for none
 */
public record MoreDisks(boolean encrypted, long ephemeralBytes, Optional<ConfigDrive> config) {
  /** None. */
  public static final MoreDisks NONE = new MoreDisks(false, 0);

  /** Without a config drive. */
  public MoreDisks(boolean encrypted, long ephemeralBytes) {
    this(encrypted, ephemeralBytes, Optional.empty());
  }
}
