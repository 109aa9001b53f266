package dev.tern.conductor.server;

import dev.tern.conductor.saga.Saga;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;

/** Nothing is left of a server, anywhere. Repeats until it is so. */
public final class DeleteSaga {
  private DeleteSaga() {}

  /** The story, told by these actors. */
  public static Saga<ServerFacts> of(GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .then("destroy", host::destroyEverywhere)
        .ends(outcome.failed(VmState.ERROR, PowerState.NOSTATE, false), outcome::deleted);
  }
}
