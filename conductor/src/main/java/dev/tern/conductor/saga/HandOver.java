package dev.tern.conductor.saga;

import dev.tern.contract.Failure;

/**
 * Where the guest runs after the pivot. {@link Unknown} is an answer too: it is never guessed away.
 */
public sealed interface HandOver<F> {
  F facts();

  /** It runs at the destination; there is no way back. */
  record Moved<F>(F facts) implements HandOver<F> {}

  /** It did not move and never will in this migration; everything is taken back. */
  record Stayed<F>(F facts, Failure reason) implements HandOver<F> {}

  /** It has not been handed over, and may still be: ask again. */
  record NotYet<F>(F facts) implements HandOver<F> {}

  /** Who could say does not answer. */
  record Unknown<F>(F facts, String why) implements HandOver<F> {}
}
