package dev.tern.conductor.drain;

import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.PlacementRules;

/**
 * A server that is to go somewhere.
 *
 * @param bytes of memory and disks to be sent, as far as is known
 */
record Guest(ServerId id, String name, Resources needs, long bytes, PlacementRules rules) {}
