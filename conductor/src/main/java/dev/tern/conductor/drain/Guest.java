package dev.tern.conductor.drain;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import java.util.Map;

/**
 * A server that is to go somewhere.
 *
 * @param bytes of memory and disks to be sent, as far as is known
 * @param refused hosts that it was tried on in vain, and why
 */
record Guest(ServerId id, Resources needs, long bytes, Map<HostName, String> refused) {
  Guest {
    refused = Map.copyOf(refused);
  }
}
