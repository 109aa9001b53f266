/**
 * The agent of one host: carries out what the conductor asks, watches its guests, and takes up
 * running ones after a restart. What must not be forgotten is in a journal beside each server; this
 * is where a server can stand there:
 *
 * <pre>
 *             Created          Launched            HandedOver             Retired
 *   NOTHING ─────────▶ DEFINED ────────▶ RUNNING ────────────▶ HANDED_OVER ─────▶ RETIRED
 *      │                          ▲  │ Stopped                    │
 *      │ DisksCreated    Launched │  ▼                            │ ReturnedHome, GivenBack
 *      ▼                        STOPPED                           └───▶ RUNNING
 *   RECEIVING ──IncomingPrepared──▶ INCOMING ──Arrived──▶ RUNNING
 *      │                               │
 *      └───────────── Dead ────────────┴──▶ DEAD      (also from NOTHING: it will never run here)
 *
 *   RUNNING ──Suspended──▶ SUSPENDED ──Restored──▶ RUNNING     (SUSPENDED: the guest is a file,
 *                              └────────Stopped───▶ STOPPED       and a process is not the guest)
 *
 *   DEFINED, STOPPED, RUNNING ──HandedOver──▶ HANDED_OVER ──TakenBack──▶ STOPPED    (no guest moves
 *   RECEIVING ──Landed──▶ STOPPED                                           in a cold migration)
 * </pre>
 */
@NullMarked
package dev.tern.agent;

import org.jspecify.annotations.NullMarked;
