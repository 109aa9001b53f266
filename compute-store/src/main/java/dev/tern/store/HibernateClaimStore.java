package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import java.util.List;
import java.util.Optional;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateClaimStore implements ClaimStore {
  private final Claims claims;

  HibernateClaimStore(Claims claims) {
    this.claims = claims;
  }

  @Override
  public Optional<ClaimRecord> claim(
      ClaimId claim, ServerId server, HostName host, Resources share, Resources limits) {
    return claims.claim(claim, server, host, share, limits);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ClaimRecord> find(ClaimId claim) {
    return claims.find(claim);
  }

  @Override
  @Transactional(readOnly = true)
  public List<ClaimRecord> of(ServerId server) {
    return claims.of(server.value()).stream().flatMap(claim -> claim.held().stream()).toList();
  }

  @Override
  @Transactional(readOnly = true)
  public List<ClaimRecord> on(HostName host, Optional<ClaimId> after, int limit) {
    return claims.on(host, after, limit).stream().flatMap(claim -> claim.held().stream()).toList();
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ClaimTrace> trace(ClaimId claim) {
    return claims.trace(claim);
  }

  @Override
  public void release(ClaimId claim) {
    claims.release(claim.value());
  }
}
