package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.store.DrainStore.State;
import jakarta.persistence.EntityManager;
import java.util.Optional;

/** What decisions about a host's service mean for drains, within the transaction under way. */
final class DrainedHosts {
  private final EntityManager entities;

  DrainedHosts(EntityManager entities) {
    this.entities = entities;
  }

  /**
   * Somebody enables or disables a host.
   *
   * @throws dev.tern.contract.ComputeException {@code DRAIN_CONFLICT} when it is to be enabled
   *     while a drain empties it
   */
  void decided(HostName host, boolean disabled) {
    if (disabled) {
      entities
          .createQuery(
              "update DrainEntity d set d.disabledService = false, d.revision = d.revision + 1"
                  + " where d.host = :host and d.disabledService")
          .setParameter("host", host.value())
          .executeUpdate();
      return;
    }
    Optional<DrainEntity> emptying =
        entities
            .createQuery(
                "from DrainEntity d where d.host = :host and d.state = :state"
                    + " and d.purpose = :purpose",
                DrainEntity.class)
            .setParameter("host", host.value())
            .setParameter("purpose", DrainStore.Purpose.EMPTY)
            .setParameter("state", State.DRAINING)
            .getResultStream()
            .findFirst();
    emptying.ifPresent(drain -> {
      throw DrainEntity.beingEmptied(drain.id, drain.host);
    });
    entities
        .createQuery("update HostShareEntity s set s.drain = null where s.host = :host")
        .setParameter("host", host.value())
        .executeUpdate();
  }
}
