package dev.tern.conductor.server;

import dev.tern.conductor.saga.Saga;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;

/** A server is stopped. Nobody wants half of that, so it repeats until it is done. */
public final class StopSaga {
  private StopSaga() {}

  /** The story, told by these actors. */
  public static Saga<ServerFacts> of(GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .then("stop", host::stop)
        .ends(outcome.failed(VmState.ERROR, PowerState.NOSTATE, false), outcome::stopped);
  }
}
