package dev.tern.scheduler.filter;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Wanted;
import dev.tern.store.PlacementRules;
import java.util.Optional;
import java.util.Set;

/**
 * What one decision is about: the server, and what it asks of its host beside room.
 *
 * @param source the host it is on, as it is; empty for a new server, and when that host is not
 *     there
 * @param among hosts that may be chosen; all of them when empty
 * @param without hosts that may not be chosen
 */
public record RequestSpec(
    Wanted wanted,
    PlacementRules rules,
    Optional<HostState> source,
    Set<HostName> among,
    Set<HostName> without) {
  /** Any host may be chosen. */
  public RequestSpec(Wanted wanted, PlacementRules rules, Optional<HostState> source) {
    this(wanted, rules, source, Set.of(), Set.of());
  }

  ServerId server() {
    return wanted.server();
  }
}
