package dev.tern.scheduler;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.scheduler.filter.HostState;
import java.util.Collection;
import java.util.Optional;

/** Hosts as decisions see them. */
public interface HostView {
  /** Every host as it was a moment ago; costs no question to anybody. */
  Collection<HostState> lately();

  /** Every host as it is now. */
  Collection<HostState> now();

  /** A host as it is now; empty when no agent of that name was ever heard of. */
  Optional<HostState> now(HostName host);

  /** Whether {@link #lately} may be older than the question. */
  boolean mayBeOld();

  /** Takes note of a claim, which the next look at the database will show anyway. */
  void claimed(HostName host, Resources share);
}
