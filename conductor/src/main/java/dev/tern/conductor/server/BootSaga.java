package dev.tern.conductor.server;

import static dev.tern.conductor.saga.Saga.undo;

import dev.tern.conductor.saga.Saga;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;

/** A new server: a host, its disks, the guest. */
public final class BootSaga {
  private BootSaga() {}

  /** The story, told by these actors. */
  public static Saga<ServerFacts> of(Placement placement, GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .step("choose-host", placement::claimHost, undo(placement::releaseClaim))
        .step("place", outcome::placed)
        .step("build", host::build, undo(host::destroy))
        .step("start", host::start)
        .ends(outcome.failed(VmState.ERROR, PowerState.NOSTATE, true), outcome::running);
  }
}
