package dev.tern.scheduler.amqp;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore;
import java.util.List;
import java.util.Optional;
import org.springframework.dao.DataAccessResourceFailureException;

/** A database that cannot be reached. */
final class ClaimsOutOfReach implements ClaimStore {
  private static DataAccessResourceFailureException away() {
    return new DataAccessResourceFailureException("the database is away");
  }

  @Override
  public Optional<ClaimRecord> claim(
      ClaimId claim, ServerId server, HostName host, Resources share, Resources limits) {
    throw away();
  }

  @Override
  public Optional<ClaimRecord> find(ClaimId claim) {
    throw away();
  }

  @Override
  public List<ClaimRecord> on(HostName host, Optional<ClaimId> after, int limit) {
    throw away();
  }

  @Override
  public Optional<ClaimTrace> trace(ClaimId claim) {
    throw away();
  }

  @Override
  public List<ClaimRecord> of(ServerId server) {
    throw away();
  }

  @Override
  public void release(ClaimId claim) {
    throw away();
  }
}
