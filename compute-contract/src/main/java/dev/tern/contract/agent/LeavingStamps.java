package dev.tern.contract.agent;

import java.time.Instant;
import java.util.Optional;

/**
 * When the source's QEMU said what, by its own event stamps; empty what was not heard. All are of
 * the source's clock.
 *
 * @param stopped the guest's processors stand
 * @param preSwitchover what is left of memory is known, and QEMU waits to be let on
 * @param mirrored the last mirror ended, both sides alike
 * @param sent all of the guest has left
 */
public record LeavingStamps(
    Optional<Instant> stopped,
    Optional<Instant> preSwitchover,
    Optional<Instant> mirrored,
    Optional<Instant> sent) {}
