/** Which sagas run here, and what keeps them running: wake-ups, sweeps, leases given back. */
@NullMarked
package dev.tern.conductor.running;

import org.jspecify.annotations.NullMarked;
