package dev.tern.conductor.saga;

import dev.tern.contract.Failure;
import java.util.Optional;

/** What a saga knows, as one immutable record; kept as JSON after each step. */
public interface SagaFacts<F extends SagaFacts<F>> {
  /** Why it turned back. */
  Optional<Failure> failure();

  /** The same, turned back; the first failure stays. */
  F failedWith(Failure failure);
}
