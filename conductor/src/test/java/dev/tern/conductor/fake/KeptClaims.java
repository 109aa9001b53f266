package dev.tern.conductor.fake;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Claims without limits. */
public final class KeptClaims implements ClaimStore {
  public final Map<ClaimId, ClaimRecord> all = new LinkedHashMap<>();

  @Override
  public Optional<ClaimRecord> claim(
      ClaimId claim, ServerId server, HostName host, Resources share, Resources limits) {
    return Optional.of(all.computeIfAbsent(claim, id -> new ClaimRecord(id, server, host, share)));
  }

  @Override
  public Optional<ClaimRecord> find(ClaimId claim) {
    return Optional.ofNullable(all.get(claim));
  }

  @Override
  public List<ClaimRecord> of(ServerId server) {
    return List.copyOf(all.values());
  }

  @Override
  public void release(ClaimId claim) {
    all.remove(claim);
  }
}
