/**
 * A request with an {@code Idempotency-Key} is done once, however often it is sent.
 *
 * <pre>
 *   claim the key ──▶ checks ──▶ [ work + first answer ] ──▶ final answer ──▶ client
 *        │                        one transaction
 *        ├── answered already: that answer again
 *        ├── under way: 409, come again
 *        └── another request's: 422
 * </pre>
 *
 * <p>Who dies before the work leaves a key that the next request takes over once the hold has
 * ended; who dies after it leaves the first answer.
 */
@NullMarked
package dev.tern.api.idempotency;

import org.jspecify.annotations.NullMarked;
