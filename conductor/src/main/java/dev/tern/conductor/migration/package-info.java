/**
 * Live migration. {@link dev.tern.conductor.migration.LiveMigrationSaga} is the story on one page;
 * the other classes are its actors.
 *
 * <pre>
 *  accepted ──► queued ──► preparing ──► running ──► completed
 *     │            │           │            │
 *     ▼            ▼           ▼            ▼
 *   error    failed or cancelled: all taken back, the guest runs at its source
 *
 *  after the pivot:  asked who runs the guest ──► moved ──► completed
 *                        │        ▲       └─────► stayed ──► failed, cancelled
 *                        ▼        │
 *                       in doubt ─┘                (lost: server in error)
 * </pre>
 */
@NullMarked
package dev.tern.conductor.migration;

import org.jspecify.annotations.NullMarked;
