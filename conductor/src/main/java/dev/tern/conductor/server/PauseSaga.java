package dev.tern.conductor.server;

import dev.tern.conductor.saga.Saga;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;

/**
 * A server's guest stands, or runs again. Repeats until its host says which: a question that is
 * still under way must find nothing that it could change afterwards.
 */
public final class PauseSaga {
  private PauseSaga() {}

  /** The guest stands. */
  public static Saga<ServerFacts> pause(GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .then("pause", host::pause)
        .ends(
            outcome.failed(VmState.ERROR, PowerState.NOSTATE, false),
            outcome.changed(VmState.ACTIVE));
  }

  /** The guest runs. */
  public static Saga<ServerFacts> unpause(GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .then("unpause", host::unpause)
        .ends(
            outcome.failed(VmState.ERROR, PowerState.NOSTATE, false),
            outcome.changed(VmState.PAUSED));
  }
}
