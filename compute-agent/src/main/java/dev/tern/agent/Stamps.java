package dev.tern.agent;

import dev.tern.contract.agent.ArrivalStamps;
import dev.tern.contract.agent.LeavingStamps;
import dev.tern.virt.Guest;
import java.util.Optional;

/** The driver's stamps as the contract and the journal carry them; empty when none was heard. */
final class Stamps {
  private Stamps() {}

  static Optional<LeavingStamps> of(Guest.LeavingStamps told) {
    return told.equals(Guest.LeavingStamps.NONE)
        ? Optional.empty()
        : Optional.of(
            new LeavingStamps(told.stopped(), told.preSwitchover(), told.mirrored(), told.sent()));
  }

  static Optional<ArrivalStamps> of(Guest.ArrivalStamps told) {
    return told.equals(Guest.ArrivalStamps.NONE)
        ? Optional.empty()
        : Optional.of(new ArrivalStamps(told.loaded(), told.resumed()));
  }
}
