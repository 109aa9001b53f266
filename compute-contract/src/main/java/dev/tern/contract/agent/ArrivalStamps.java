package dev.tern.contract.agent;

import java.time.Instant;
import java.util.Optional;

/**
 * When the destination's QEMU said what, by its own event stamps; empty what was not heard. Both
 * are of the destination's clock.
 *
 * @param loaded all of the guest is there
 * @param resumed its processors run; empty too when it is kept paused
 */
public record ArrivalStamps(Optional<Instant> loaded, Optional<Instant> resumed) {}
