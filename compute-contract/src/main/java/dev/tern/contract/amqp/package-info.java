/**
 * The broker, and nothing else that touches it: how messages look on the wire ({@link
 * dev.tern.contract.amqp.Wire}), what is declared ({@link dev.tern.contract.amqp.Topology}), how
 * one asks ({@link dev.tern.contract.amqp.Ask}), answers ({@link dev.tern.contract.amqp.Answering})
 * and publishes.
 *
 * <pre>
 *   api ──outbox──▶ conductor queue (quorum) ──▶ conductor ──RPC──▶ scheduler queue
 *                        │ too many tries            └────RPC──▶ agent.HOST queue
 *                        ▼
 *                    dead queue ◀── messages nobody can read
 *   agent ──▶ reports (fan-out) ──▶ reports queue ──▶ conductors
 *   agent ──▶ progress (fan-out) ──▶ progress queue ──▶ conductors
 * </pre>
 */
@NullMarked
package dev.tern.contract.amqp;

import org.jspecify.annotations.NullMarked;
