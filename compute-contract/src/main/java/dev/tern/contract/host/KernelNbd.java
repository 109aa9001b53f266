package dev.tern.contract.host;

/**
 * Whether a host's kernel can be an NBD client ({@code /dev/nbdX}). Tern never uses that; who
 * mounts a disk by hand does.
 */
public enum KernelNbd {
  /** The module is there and loaded, or built in. */
  LOADED,
  /** {@code modprobe nbd} would load it. */
  AVAILABLE,
  ABSENT,
  /** Its agent did not say. */
  UNKNOWN
}
