package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

final class InMemoryClaimStore implements ClaimStore {
  private final Memory memory;
  private final ServerGroupStore groups;

  InMemoryClaimStore(Memory memory, ServerGroupStore groups) {
    this.memory = memory;
    this.groups = groups;
  }

  @Override
  public Optional<ClaimRecord> claim(
      ClaimId id, ServerId server, HostName host, Resources share, Resources limits) {
    synchronized (memory) {
      ClaimEntity known = memory.claims.get(id.value());
      if (known != null) {
        return known.held();
      }
      if (!memory.servers.containsKey(server.value())) {
        throw new IllegalStateException("a claim for a server that never was: " + server);
      }
      boolean refused = !groups.rules(server).group().map(group -> group.allows(host)).orElse(true);
      if (refused
          || memory.closed.containsKey(host.value())
          || !memory.hosts.containsKey(host.value())
          || !fits(plus(claimedOn(memory, host.value()), share), limits)) {
        return Optional.empty();
      }
      ClaimEntity claim = new ClaimEntity();
      claim.id = id.value();
      claim.server = server.value();
      claim.host = host.value();
      claim.vcpus = share.vcpus();
      claim.memoryMib = share.memoryMib();
      claim.diskBytes = share.diskBytes();
      claim.claimedAt = memory.now;
      memory.claims.put(claim.id, claim);
      return claim.held();
    }
  }

  static Resources claimedOn(Memory memory, String host) {
    return memory.claims.values().stream()
        .filter(claim -> claim.releasedAt == null && host.equals(claim.host))
        .map(claim -> new Resources(claim.vcpus, claim.memoryMib, claim.diskBytes))
        .reduce(new Resources(0, 0, 0), InMemoryClaimStore::plus);
  }

  private static Resources plus(Resources a, Resources b) {
    return new Resources(
        a.vcpus() + b.vcpus(), a.memoryMib() + b.memoryMib(), a.diskBytes() + b.diskBytes());
  }

  private static boolean fits(Resources needed, Resources limits) {
    return needed.vcpus() <= limits.vcpus()
        && needed.memoryMib() <= limits.memoryMib()
        && needed.diskBytes() <= limits.diskBytes();
  }

  @Override
  public Optional<ClaimRecord> find(ClaimId claim) {
    synchronized (memory) {
      return Optional.ofNullable(memory.claims.get(claim.value())).flatMap(ClaimEntity::held);
    }
  }

  @Override
  public List<ClaimRecord> of(ServerId server) {
    synchronized (memory) {
      return memory.claimsOf(server.value()).flatMap(claim -> claim.held().stream()).toList();
    }
  }

  @Override
  public List<ClaimRecord> on(HostName host, Optional<ClaimId> after, int limit) {
    synchronized (memory) {
      // As PostgreSQL orders UUIDs: by their text.
      return memory.claims.values().stream()
          .flatMap(claim -> claim.held().stream())
          .filter(claim -> claim.host().equals(host))
          .filter(claim ->
              after.isEmpty() || claim.id().toString().compareTo(after.get().toString()) > 0)
          .sorted(Comparator.comparing(claim -> claim.id().toString()))
          .limit(limit)
          .toList();
    }
  }

  @Override
  public Optional<ClaimTrace> trace(ClaimId claim) {
    synchronized (memory) {
      return Optional.ofNullable(memory.claims.get(claim.value())).flatMap(ClaimEntity::trace);
    }
  }

  @Override
  public void release(ClaimId id) {
    synchronized (memory) {
      ClaimEntity claim = memory.claims.computeIfAbsent(id.value(), _ -> new ClaimEntity());
      claim.id = id.value();
      claim.releasedAt = memory.now;
    }
  }
}
