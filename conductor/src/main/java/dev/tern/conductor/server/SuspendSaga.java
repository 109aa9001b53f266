package dev.tern.conductor.server;

import dev.tern.conductor.saga.Saga;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;

/**
 * A server's guest becomes a file of its host, or goes on out of it. Repeats until its host says
 * which of the two the guest is: only its journal knows.
 */
public final class SuspendSaga {
  private SuspendSaga() {}

  /** The guest is a file. */
  public static Saga<ServerFacts> suspend(GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .then("suspend", host::suspend)
        .ends(
            outcome.failed(VmState.ERROR, PowerState.NOSTATE, false),
            outcome.changed(VmState.ACTIVE));
  }

  /** The guest runs where it was. */
  public static Saga<ServerFacts> resume(GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .then("resume", host::resume)
        .ends(
            outcome.failed(VmState.ERROR, PowerState.NOSTATE, false),
            outcome.changed(VmState.SUSPENDED));
  }
}
