package dev.tern.conductor.balance;

import dev.tern.contract.HostName;

/**
 * What a host has, and how much of it is claimed.
 *
 * @param hasVcpus processors of the host; above 0
 * @param hasMemoryMib memory of the host; above 0
 */
public record HostLoad(
    HostName host, long hasVcpus, long hasMemoryMib, long vcpus, long memoryMib) {
  /** The fraction of its memory that is claimed. */
  public double memoryPart() {
    return (double) memoryMib / hasMemoryMib;
  }

  /** The fraction of its processors that is claimed; above 1 where they are shared. */
  public double vcpuPart() {
    return (double) vcpus / hasVcpus;
  }

  /** With a server more. */
  public HostLoad with(Piece piece) {
    return new HostLoad(
        host, hasVcpus, hasMemoryMib, vcpus + piece.vcpus(), memoryMib + piece.memoryMib());
  }

  /** With a server less. */
  public HostLoad without(Piece piece) {
    return new HostLoad(
        host, hasVcpus, hasMemoryMib, vcpus - piece.vcpus(), memoryMib - piece.memoryMib());
  }
}
