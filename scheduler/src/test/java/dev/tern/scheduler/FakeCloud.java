package dev.tern.scheduler;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.scheduler.filter.HostState.Membership;
import dev.tern.store.ClaimStore;
import dev.tern.store.HostStore.HostRecord;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Hosts and claims in memory. Refuses what the database refuses: more than the limits, and a claim
 * that was given back, be it before it was made.
 */
public final class FakeCloud implements HostCatalog, ClaimStore {
  private final Map<HostName, HostRecord> hosts = new LinkedHashMap<>();
  private final Map<ClaimId, ClaimRecord> claims = new HashMap<>();
  private final Map<HostName, String> zones = new HashMap<>();
  private final Set<ClaimId> givenBack = new HashSet<>();
  private Runnable meanwhile = () -> {};

  public FakeCloud(SampleHost... samples) {
    for (SampleHost sample : samples) {
      add(sample);
    }
  }

  synchronized void add(SampleHost sample) {
    HostRecord host = sample.record();
    hosts.put(host.report().host(), host);
  }

  /** Happens once, just before the next claim: what another scheduler does meanwhile. */
  synchronized void beforeTheNextClaim(Runnable other) {
    meanwhile = other;
  }

  synchronized Resources claimedOn(HostName host) {
    Resources sum = hosts.get(host) == null ? new Resources(0, 0, 0) : hosts.get(host).claimed();
    for (ClaimRecord claim : claims.values()) {
      if (claim.host().equals(host)) {
        sum = plus(sum, claim.share());
      }
    }
    return sum;
  }

  private static Resources plus(Resources a, Resources b) {
    return new Resources(
        a.vcpus() + b.vcpus(), a.memoryMib() + b.memoryMib(), a.diskBytes() + b.diskBytes());
  }

  @Override
  public synchronized Optional<HostRecord> find(HostName host) {
    return Optional.ofNullable(hosts.get(host)).map(this::now);
  }

  @Override
  public void forEach(Consumer<HostRecord> look) {
    List<HostRecord> all;
    synchronized (this) {
      all = hosts.values().stream().map(this::now).toList();
    }
    all.forEach(look);
  }

  synchronized void inZone(HostName host, String zone) {
    zones.put(host, zone);
  }

  @Override
  public synchronized Membership membership(HostName host) {
    return zones.containsKey(host)
        ? new Membership(zones.get(host), List.of(Map.of("availability_zone", zones.get(host))))
        : Membership.NONE;
  }

  private HostRecord now(HostRecord host) {
    return new HostRecord(
        host.number(),
        host.uuid(),
        host.serviceUuid(),
        host.report(),
        host.up(),
        host.lastSeen(),
        host.disabled(),
        host.disabledReason(),
        host.forcedDown(),
        claimedOn(host.report().host()),
        host.runningServers(),
        host.activeMigrations());
  }

  @Override
  public synchronized Optional<ClaimRecord> claim(
      ClaimId claim, ServerId server, HostName host, Resources share, Resources limits) {
    Runnable first = meanwhile;
    meanwhile = () -> {};
    first.run();
    ClaimRecord standing = claims.get(claim);
    if (standing != null) {
      return Optional.of(standing);
    }
    if (!hosts.containsKey(host) || givenBack.contains(claim)) {
      return Optional.empty();
    }
    Resources then = plus(claimedOn(host), share);
    if (then.vcpus() > limits.vcpus()
        || then.memoryMib() > limits.memoryMib()
        || then.diskBytes() > limits.diskBytes()) {
      return Optional.empty();
    }
    ClaimRecord made = new ClaimRecord(claim, server, host, share);
    claims.put(claim, made);
    return Optional.of(made);
  }

  @Override
  public synchronized List<ClaimRecord> on(HostName host, Optional<ClaimId> after, int limit) {
    return claims.values().stream()
        .filter(claim -> claim.host().equals(host))
        .sorted(Comparator.comparing(claim -> claim.id().value()))
        .filter(claim -> after.isEmpty() || claim.id().value().compareTo(after.get().value()) > 0)
        .limit(limit)
        .toList();
  }

  @Override
  public Optional<ClaimTrace> trace(ClaimId claim) {
    throw new UnsupportedOperationException("a scheduler reads no old claims");
  }

  @Override
  public synchronized Optional<ClaimRecord> find(ClaimId claim) {
    return Optional.ofNullable(claims.get(claim));
  }

  @Override
  public synchronized List<ClaimRecord> of(ServerId server) {
    return claims.values().stream().filter(claim -> claim.server().equals(server)).toList();
  }

  @Override
  public synchronized void release(ClaimId claim) {
    claims.remove(claim);
    givenBack.add(claim);
  }

  synchronized int claims() {
    return claims.size();
  }
}
