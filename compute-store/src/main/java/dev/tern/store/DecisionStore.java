package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** What schedulers decided and why, kept for a while. */
public interface DecisionStore {
  /** Decisions that are read at once. */
  int MOST = 1_000;

  /**
   * Keeps a decision, in place of one of the same claim: the question was asked again. Old ones go,
   * some with each that comes.
   *
   * @param within how many are kept
   * @param forAsLong how long one is kept
   */
  void keep(RequestId request, ClaimId claim, Decision decision, int within, Duration forAsLong);

  /** Those of a request, in their order, at most {@value #MOST}. */
  List<KeptDecision> of(RequestId request);

  /** The latest about a server, newest first. */
  List<KeptDecision> of(ServerId server, int limit);

  /**
   * A decision.
   *
   * @param claim what the chosen host's share was to be claimed by
   * @param decidedAt by the database's clock
   */
  record KeptDecision(RequestId request, ClaimId claim, Decision decision, Instant decidedAt) {}
}
