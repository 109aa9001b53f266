package dev.tern.conductor.drain;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A server that is to go somewhere.
 *
 * @param bytes of memory and disks to be sent, as far as is known
 * @param refused hosts that it was tried on in vain, and why
 * @param cold why its guest does not run while it moves; empty when it does
 * @param runs whether its guest runs now
 * @param after servers that it goes after, if they go
 */
record Guest(
    ServerId id,
    Resources needs,
    long bytes,
    Map<HostName, String> refused,
    Optional<String> cold,
    boolean runs,
    List<ServerId> after) {
  Guest {
    refused = Map.copyOf(refused);
    after = List.copyOf(after);
  }

  /** One that runs, and runs on while it moves. */
  Guest(ServerId id, Resources needs, long bytes, Map<HostName, String> refused) {
    this(id, needs, bytes, refused, Optional.empty(), true, List.of());
  }
}
