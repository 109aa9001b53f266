package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Hosts as their agents report them, and what operators decided about them. */
public interface HostStore {
  /**
   * Keeps the newest report of a host (a late older one is dropped) and stamps the beat with the
   * database's clock.
   */
  void report(HostReport report);

  /**
   * See the parameters.
   *
   * @param downAfter a host whose last beat is older is down
   */
  Optional<HostRecord> find(HostName host, Duration downAfter);

  /** By either of its UUIDs, the hypervisor's or its compute service's. */
  Optional<HostRecord> find(UUID hypervisorOrService, Duration downAfter);

  /** Ordered by number; keyset paging after {@code afterNumber} (0 for the start). */
  List<HostRecord> list(Duration downAfter, int afterNumber, int limit);

  /** How these hosts are; those that are not there are left out. One question for all of them. */
  Map<HostName, HostState> states(Collection<HostName> hosts, Duration downAfter);

  /**
   * How every host is that is not removed, without its report: cheap enough to be asked every
   * second of 10,000, by who keeps the reports.
   */
  List<HostGlance> glances(Duration downAfter);

  /** The newest reports of these hosts; those that are not there are left out. */
  Map<HostName, HostReport> reports(Collection<HostName> hosts);

  /**
   * Enables or disables a host for new arrivals. False when there is no such host. One that a drain
   * has emptied takes servers again when it is enabled; one that was disabled by a drain and then
   * by somebody stays so when the drain is cancelled.
   *
   * @throws dev.tern.contract.ComputeException {@code DRAIN_CONFLICT} when it is to be enabled
   *     while a drain empties it
   */
  boolean setDisabled(HostName host, boolean disabled, Optional<String> reason);

  /**
   * Says that a host is down whatever its agent says (or takes that back). False when there is no
   * such host.
   */
  boolean setForcedDown(HostName host, boolean forcedDown);

  /**
   * Takes a host off the list, with what operators decided about it, and out of its aggregates; it
   * comes back, as a new one would, when its agent starts again. Or a process that has no host, by
   * the UUID of its service.
   *
   * @return false when there is none of that UUID
   * @throws dev.tern.contract.ComputeException {@code HOST_IN_USE} while servers are on the host or
   *     migrations go from it or to it; nothing is changed then
   */
  boolean removeService(UUID service);

  /**
   * Beats of the processes that have no host of their own (conductors, schedulers), for the list of
   * services.
   */
  void beat(String binary, String instance);

  List<ServiceBeat> beats(Duration downAfter);

  record ServiceBeat(
      int number, UUID uuid, String binary, String host, boolean up, Instant lastSeen) {}

  /** What is to be known of a host to say how its servers' host is. */
  record HostState(boolean up, boolean disabled, boolean forcedDown) {}

  /**
   * A host, but for what its report says.
   *
   * @param agentStartedAtMillis of its newest report, as {@code sequence}
   * @param claimed by servers and by migrations in flight together
   * @param activeMigrations in flight, in or out
   */
  record HostGlance(
      HostName host,
      long agentStartedAtMillis,
      long sequence,
      boolean up,
      boolean disabled,
      Optional<String> disabledReason,
      boolean forcedDown,
      Resources claimed,
      int activeMigrations) {}

  /**
   * A host.
   *
   * @param number Nova's integer id of the hypervisor and of its service (both, here)
   * @param uuid Nova's UUID of the hypervisor
   * @param serviceUuid Nova's UUID of the compute service
   * @param claimed by servers and by migrations in flight together
   * @param runningServers servers owned by the host
   * @param activeMigrations in flight, in or out
   */
  record HostRecord(
      int number,
      UUID uuid,
      UUID serviceUuid,
      HostReport report,
      boolean up,
      Instant lastSeen,
      boolean disabled,
      Optional<String> disabledReason,
      boolean forcedDown,
      Resources claimed,
      int runningServers,
      int activeMigrations) {}
}
