package dev.tern.scheduler.filter;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;
import dev.tern.store.AggregateStore;
import dev.tern.store.HostStore.HostGlance;
import dev.tern.store.HostStore.HostRecord;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A host as one decision sees it.
 *
 * @param disabled closed to arrivals by an operator
 * @param activeMigrations in flight, in or out
 * @param limits what may be claimed there in all
 * @param claimed what is claimed, with what a plan supposes to be
 */
public record HostState(
    Facts facts,
    boolean up,
    boolean disabled,
    Optional<String> disabledReason,
    boolean forcedDown,
    int activeMigrations,
    Resources limits,
    Resources claimed) {

  /**
   * What changes with a report or an aggregate only, laid out to be looked up.
   *
   * @param aggregates metadata of those the host is in
   * @param tenants of each aggregate that is for some projects only, which
   */
  public record Facts(
      HostReport report,
      String zone,
      List<Map<String, String>> aggregates,
      Set<String> machineTypes,
      Set<String> cpuFeatures,
      Set<String> bases,
      List<Set<String>> tenants) {
    public static Facts of(HostReport report, Membership membership) {
      return new Facts(
          report,
          membership.zone(),
          membership.aggregates(),
          Set.copyOf(report.machineTypes()),
          report.offers().map(offers -> Set.copyOf(offers.cpuFeatures())).orElse(Set.of()),
          report.offers().map(offers -> Set.copyOf(offers.bases())).orElse(Set.of()),
          Aggregates.tenants(membership.aggregates()));
    }
  }

  /** The aggregates a host is in, and the zone that makes. */
  public record Membership(String zone, List<Map<String, String>> aggregates) {
    public static final Membership NONE = new Membership(AggregateStore.DEFAULT_ZONE, List.of());

    public Membership {
      aggregates = List.copyOf(aggregates);
    }
  }

  public static HostState of(HostRecord record, Membership membership, Ratios ratios) {
    return new HostState(
        Facts.of(record.report(), membership),
        record.up(),
        record.disabled(),
        record.disabledReason(),
        record.forcedDown(),
        record.activeMigrations(),
        ratios.limits(record.report()),
        record.claimed());
  }

  public static HostState of(HostGlance glance, Facts facts, Ratios ratios) {
    return new HostState(
        facts,
        glance.up(),
        glance.disabled(),
        glance.disabledReason(),
        glance.forcedDown(),
        glance.activeMigrations(),
        ratios.limits(facts.report()),
        glance.claimed());
  }

  public HostName name() {
    return facts.report().host();
  }

  public HostReport report() {
    return facts.report();
  }

  /** Below 0 when more is claimed than the limits are now. */
  public long freeMemoryMib() {
    return limits.memoryMib() - claimed.memoryMib();
  }

  public long freeVcpus() {
    return (long) limits.vcpus() - claimed.vcpus();
  }

  /** What is unclaimed; the file system may have less. */
  public long unclaimedDiskBytes() {
    return limits.diskBytes() - claimed.diskBytes();
  }

  /** The same host with a share more that nobody has claimed yet. */
  public HostState with(Resources share) {
    return claiming(
        new Resources(
            claimed.vcpus() + share.vcpus(),
            claimed.memoryMib() + share.memoryMib(),
            claimed.diskBytes() + share.diskBytes()));
  }

  /** The same host without a share that is claimed still. */
  public HostState without(Resources share) {
    return claiming(
        new Resources(
            Math.max(0, claimed.vcpus() - share.vcpus()),
            Math.max(0, claimed.memoryMib() - share.memoryMib()),
            Math.max(0, claimed.diskBytes() - share.diskBytes())));
  }

  private HostState claiming(Resources then) {
    return new HostState(
        facts, up, disabled, disabledReason, forcedDown, activeMigrations, limits, then);
  }
}
