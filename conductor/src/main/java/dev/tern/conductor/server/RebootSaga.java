package dev.tern.conductor.server;

import static dev.tern.conductor.saga.Saga.undo;

import dev.tern.conductor.saga.Saga;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;

/** A server's guest begins anew in a new QEMU. One that cannot is left stopped, with the cause. */
public final class RebootSaga {
  private RebootSaga() {}

  /** The guest is asked to power off first, and has as long for it as at a stop. */
  public static Saga<ServerFacts> soft(GuestHost host, ServerOutcome outcome) {
    return of(host::reboot, host, outcome);
  }

  /** At once. */
  public static Saga<ServerFacts> hard(GuestHost host, ServerOutcome outcome) {
    return of(host::rebootHard, host, outcome);
  }

  private static Saga<ServerFacts> of(
      Saga.Action<ServerFacts> reboot, GuestHost host, ServerOutcome outcome) {
    return Saga.<ServerFacts>tell()
        .step("reboot", reboot, undo(host::stopAtOnce))
        .ends(outcome.failed(VmState.STOPPED, PowerState.SHUTDOWN, false), outcome::running);
  }
}
