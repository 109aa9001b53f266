/**
 * {@code ./tern bench}: Tern beside a plain QMP script that does the least that can be done, on the
 * same guest, in the same minutes.
 *
 * <pre>
 *   MigrateBench ── for each case ──▶ Ring ── for each round, shuffled ──▶ Mover (floor, tern)
 *                                      │
 *                                      └── after each move ──▶ MoveProof: a wrong move counts for nothing
 * </pre>
 *
 * <p>{@code ./tern bench tunnel} gives it other movers: the same script by three ways.
 *
 * <p>{@code ./tern bench api} moves nothing: it asks the API.
 */
@NullMarked
package dev.tern.bench;

import org.jspecify.annotations.NullMarked;
