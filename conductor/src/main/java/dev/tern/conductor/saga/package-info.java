/**
 * Sagas: stories of steps that survive their conductor.
 *
 * <pre>
 *            do            do          pivot: Moved        then
 *   ── step 1 ───► step 2 ───► … ───► hand-over ─────► step n ───► done
 *        ▲           │  refused,          │ Stayed        ↺ repeats until
 *        │   undo    │  no answer,        ▼                it succeeds
 *        └───────────┴─ or aborted ◄── undo …
 *        │
 *        ▼
 *      undone                         Unknown: asked again, never guessed
 * </pre>
 *
 * Where a saga stands is written before and after each step, under a lease whose token fences the
 * writes of a conductor that lost it. A successor begins with the step that was under way, so every
 * step, and every undo, may run twice.
 */
@NullMarked
package dev.tern.conductor.saga;

import org.jspecify.annotations.NullMarked;
