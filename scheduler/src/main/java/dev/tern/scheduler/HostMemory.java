package dev.tern.scheduler;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.HostState.Facts;
import dev.tern.scheduler.filter.HostState.Membership;
import dev.tern.scheduler.filter.Ratios;
import dev.tern.store.AggregateStore;
import dev.tern.store.AggregateStore.Aggregate;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostGlance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Hosts kept in memory. {@link #refresh} asks for one row for each host, and for the reports of
 * those that reported since. What is chosen by it is looked at again before it is claimed.
 */
public final class HostMemory implements HostView {
  /** Reports that are read at once. */
  private static final int PAGE = 500;

  private final HostStore hosts;
  private final AggregateStore aggregates;
  private final Duration downAfter;
  private final Ratios ratios;
  private volatile @Nullable Map<HostName, HostState> known;

  /**
   * @param downAfter a host whose last beat is older is down
   */
  public HostMemory(HostStore hosts, AggregateStore aggregates, Duration downAfter, Ratios ratios) {
    this.hosts = hosts;
    this.aggregates = aggregates;
    this.downAfter = downAfter;
    this.ratios = ratios;
  }

  /** Throws what the stores throw; then all stays as it was. */
  public synchronized Collection<HostState> refresh() {
    List<HostGlance> glances = hosts.glances(downAfter);
    Map<HostName, Membership> memberships = memberships();
    Map<HostName, HostState> before = known == null ? Map.of() : known;
    Map<HostName, HostReport> reports = newReports(glances, before);
    Map<HostName, HostState> now = new ConcurrentHashMap<>(glances.size() * 2);
    for (HostGlance glance : glances) {
      Membership membership = memberships.getOrDefault(glance.host(), Membership.NONE);
      Facts facts = facts(reports.get(glance.host()), before.get(glance.host()), membership);
      if (facts != null) {
        now.put(glance.host(), HostState.of(glance, facts, ratios));
      }
    }
    known = now;
    return now.values();
  }

  private static @Nullable Facts facts(
      @Nullable HostReport report, @Nullable HostState before, Membership membership) {
    if (report != null) {
      return Facts.of(report, membership);
    }
    if (before == null) {
      return null; // removed since
    }
    Facts facts = before.facts();
    return facts.zone().equals(membership.zone())
            && facts.aggregates().equals(membership.aggregates())
        ? facts
        : Facts.of(facts.report(), membership);
  }

  private Map<HostName, HostReport> newReports(
      List<HostGlance> glances, Map<HostName, HostState> before) {
    List<HostName> reported = new ArrayList<>();
    for (HostGlance glance : glances) {
      HostState state = before.get(glance.host());
      if (state == null
          || state.report().sequence() != glance.sequence()
          || state.report().agentStartedAtMillis() != glance.agentStartedAtMillis()) {
        reported.add(glance.host());
      }
    }
    Map<HostName, HostReport> reports = new HashMap<>();
    for (int from = 0; from < reported.size(); from += PAGE) {
      reports.putAll(hosts.reports(reported.subList(from, Math.min(reported.size(), from + PAGE))));
    }
    return reports;
  }

  private Map<HostName, Membership> memberships() {
    Map<HostName, List<Aggregate>> byHost = new HashMap<>();
    for (Aggregate aggregate : aggregates.list()) {
      for (HostName host : aggregate.hosts()) {
        byHost.computeIfAbsent(host, _ -> new ArrayList<>()).add(aggregate);
      }
    }
    Map<HostName, Membership> memberships = new HashMap<>();
    byHost.forEach((host, its) -> memberships.put(host, membership(its)));
    return memberships;
  }

  private static Membership membership(List<Aggregate> its) {
    return new Membership(
        its.stream()
            .flatMap(aggregate -> aggregate.zone().stream())
            .findFirst()
            .orElse(AggregateStore.DEFAULT_ZONE),
        its.stream().map(Aggregate::metadata).toList());
  }

  @Override
  public Collection<HostState> lately() {
    Map<HostName, HostState> now = known;
    return now == null ? refresh() : now.values();
  }

  @Override
  public Collection<HostState> now() {
    return refresh();
  }

  @Override
  public Optional<HostState> now(HostName host) {
    Map<HostName, HostState> before = known;
    Optional<Membership> kept =
        Optional.ofNullable(before == null ? null : before.get(host))
            .map(state -> new Membership(state.facts().zone(), state.facts().aggregates()));
    return hosts
        .find(host, downAfter)
        .map(record ->
            HostState.of(
                record,
                kept.orElseGet(() -> memberships().getOrDefault(host, Membership.NONE)),
                ratios));
  }

  @Override
  public boolean mayBeOld() {
    return true;
  }

  @Override
  public void claimed(HostName host, Resources share) {
    Map<HostName, HostState> now = known;
    if (now != null) {
      now.computeIfPresent(host, (_, state) -> state.with(share));
    }
  }
}
