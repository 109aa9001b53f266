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
 * @param nextTo servers with one of which it shares its host; any host when it is empty
 */
record Guest(
    ServerId id,
    Resources needs,
    long bytes,
    Map<HostName, String> refused,
    Optional<String> cold,
    boolean runs,
    List<ServerId> nextTo) {
  Guest {
    refused = Map.copyOf(refused);
    nextTo = List.copyOf(nextTo);
  }

  /** One that runs, and runs on while it moves. */
  Guest(ServerId id, Resources needs, long bytes, Map<HostName, String> refused) {
    this(id, needs, bytes, refused, Optional.empty(), true, List.of());
  }
}
