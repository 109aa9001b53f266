/**
 * Emptying a host as one job. What is wished, what is planned and what has become of each server
 * are rows; a conductor reads them about once a second, decides, and writes what it decided for the
 * state that it has seen. So any conductor goes on where another died, and two that decide at once
 * have one effect.
 *
 * <pre>
 * DRAINING -> DRAINED | INCOMPLETE | CANCELLED -> RETURNING -> RETURNED
 *
 * a server: WAITING -> MOVING -> MOVED
 *              ^          |
 *              +- failed -+-> cannot be moved: LEFT | ASKING | STOPPING -> STOPPED
 * </pre>
 */
@NullMarked
package dev.tern.conductor.drain;

import org.jspecify.annotations.NullMarked;
