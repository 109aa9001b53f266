package dev.tern.store;

import dev.tern.contract.ServerId;
import dev.tern.store.QuotaStore.Resource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What holds for all servers of one create.
 *
 * @param least fewer are none; more are made as far as the limits of the project let
 * @param usualLimits the installation's limits; a resource that is not there has none
 * @param group the server group they join
 * @param apartFrom servers whose hosts they may not be put on when they are made
 * @param nextTo servers one of whose hosts they have to be put on when they are made; any host when
 *     it is empty
 */
public record BootTerms(
    int least,
    Map<Resource, Long> usualLimits,
    Optional<UUID> group,
    List<ServerId> apartFrom,
    List<ServerId> nextTo) {
  /** For one server, without limits. */
  public static final BootTerms NONE =
      new BootTerms(1, Map.of(), Optional.empty(), List.of(), List.of());

  public BootTerms {
    usualLimits = Map.copyOf(usualLimits);
    apartFrom = List.copyOf(apartFrom);
    nextTo = List.copyOf(nextTo);
  }
}
