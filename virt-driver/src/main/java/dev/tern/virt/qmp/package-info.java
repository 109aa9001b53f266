/**
 * QEMU's machine protocol: the only place that speaks it and the only place that builds its JSON.
 *
 * <pre>
 *   connect ── greeting ── qmp_capabilities ── ready ──┬── command (id) ──▶ return | error | nothing
 *                                                      └── events, each with QEMU's own stamp
 * </pre>
 */
@NullMarked
package dev.tern.virt.qmp;

import org.jspecify.annotations.NullMarked;
