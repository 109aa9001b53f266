package dev.tern.contract;

/**
 * What a server takes of a host.
 *
 * @param memoryMib of the guest
 * @param diskBytes that will really be written to the host's disk: the virtual size for a new
 *     server, the allocation above bases (and bases that are missing) for one that moves
 */
public record Resources(int vcpus, long memoryMib, long diskBytes) {
  public Resources {
    if (vcpus < 0 || memoryMib < 0 || diskBytes < 0) {
      throw new IllegalArgumentException(
          "resources are not negative: %d %d %d".formatted(vcpus, memoryMib, diskBytes));
    }
  }
}
