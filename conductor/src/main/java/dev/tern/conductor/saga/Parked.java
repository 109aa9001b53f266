package dev.tern.conductor.saga;

/**
 * There is nothing to do for this saga until somebody wakes it: its step begins again then. Nobody
 * needs to run it meanwhile, so that any number may wait. Whoever throws this has seen to it that
 * the saga is not offered ({@code SagaStore.waiting}) before.
 */
public final class Parked extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Parked() {
    super("waits to be woken", null, false, false);
  }
}
