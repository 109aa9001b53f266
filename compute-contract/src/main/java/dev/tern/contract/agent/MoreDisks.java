package dev.tern.contract.agent;

import java.util.List;
import java.util.Optional;

/**
 * Disks beside the first.
 *
 * @param encrypted first and ephemeral disks are LUKS inside qcow2; their passphrases are made on
 *     the host and never leave it but sealed
 * @param ephemeralBytes of an empty second disk; 0 is none. {@link #SEE_ALL} when {@code
 *     allEphemeralBytes} says: an agent too old to know that refuses the server, instead of
 *     building it with fewer disks than were asked for
 * @param config what the config drive holds; empty for none
 * @param allEphemeralBytes of several empty disks, in the order the guest has them
 */
public record MoreDisks(
    boolean encrypted,
    long ephemeralBytes,
    Optional<ConfigDrive> config,
    Optional<List<Long>> allEphemeralBytes) {
  /** No size a disk can have. */
  public static final long SEE_ALL = -1;

  /** Local disks a server can have, the first included. */
  public static final int MOST_LOCAL = 16;

  /** None. */
  public static final MoreDisks NONE = of(false, List.of(), Optional.empty());

  /** As many ephemeral disks as there are sizes, in that order. */
  public static MoreDisks of(
      boolean encrypted, List<Long> ephemeralBytes, Optional<ConfigDrive> config) {
    return switch (ephemeralBytes.size()) {
      case 0 -> new MoreDisks(encrypted, 0, config, Optional.empty());
      case 1 -> new MoreDisks(encrypted, ephemeralBytes.getFirst(), config, Optional.empty());
      default ->
          new MoreDisks(encrypted, SEE_ALL, config, Optional.of(List.copyOf(ephemeralBytes)));
    };
  }

  /** The size of each ephemeral disk, in the order the guest has them; whoever builds it checks. */
  public List<Long> ephemeral() {
    return allEphemeralBytes.orElseGet(
        () -> ephemeralBytes == 0 ? List.of() : List.of(ephemeralBytes));
  }
}
