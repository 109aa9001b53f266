package dev.tern.scheduler;

import dev.tern.contract.HostName;
import dev.tern.scheduler.filter.HostState.Membership;
import dev.tern.store.HostStore.HostRecord;
import java.util.Optional;
import java.util.function.Consumer;

/** The hosts there are, with what is claimed on them. */
public interface HostCatalog {
  /** Empty when no agent of that name was ever heard of. */
  Optional<HostRecord> find(HostName host);

  /** Shows every host once; one that arrives meanwhile may be missed. */
  void forEach(Consumer<HostRecord> look);

  /** The aggregates a host is in. */
  default Membership membership(HostName host) {
    return Membership.NONE;
  }
}
