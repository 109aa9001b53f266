package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Shares of hosts that are taken, by servers that live there and by migrations on their way. */
public interface ClaimStore {
  /**
   * Takes a share of a host if it is free, atomically under any number of schedulers. The same
   * claim id again: the claim as it stands (also when it is on another host), and nothing more is
   * taken.
   *
   * <p>A claim that was released stays so: asking for it once more (a message that came late) takes
   * nothing and answers empty. A new attempt makes a new claim id.
   *
   * @param limits what may be claimed on the host in all, ratios applied
   * @return empty when the host has not enough left, is being or has been emptied by a drain, or
   *     the policy of the server's group, as its members are at this moment, is against it
   */
  Optional<ClaimRecord> claim(
      ClaimId claim, ServerId server, HostName host, Resources share, Resources limits);

  Optional<ClaimRecord> find(ClaimId claim);

  List<ClaimRecord> of(ServerId server);

  /** What is held on a host, by id; keyset paging after {@code after}. */
  List<ClaimRecord> on(HostName host, Optional<ClaimId> after, int limit);

  /** A claim, released or not; empty when it never was, or was released more than a day ago. */
  Optional<ClaimTrace> trace(ClaimId claim);

  /** Gives a share back. Harmless when it is gone; one that never was can then not be claimed. */
  void release(ClaimId claim);

  /** When a share of a host was taken and given back; empty while it is held. */
  record ClaimTrace(ClaimId id, HostName host, Instant claimedAt, Optional<Instant> releasedAt) {}

  /** A share of a host, held until released. */
  record ClaimRecord(ClaimId id, ServerId server, HostName host, Resources share) {}
}
