package dev.tern.conductor.server;

import static dev.tern.conductor.saga.Saga.undo;

import dev.tern.conductor.saga.Saga;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;

/** A stopped server runs again. */
public final class StartSaga {
  private StartSaga() {}

  /** The story, told by these actors. */
  public static Saga<ServerFacts> of(GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .step("start", host::start, undo(host::stopAtOnce))
        .ends(outcome.failed(VmState.STOPPED, PowerState.SHUTDOWN, false), outcome::running);
  }
}
