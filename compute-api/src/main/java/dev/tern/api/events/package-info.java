/**
 * {@code GET /v1/events}: what changes, told to whoever watches.
 *
 * <pre>
 *   database ──(triggers note what changed)── EventReader ──▶ EventHub ──▶ Watcher ──▶ one client
 *                one reader per process, and only while somebody watches    a bounded queue each
 * </pre>
 */
@NullMarked
package dev.tern.api.events;

import org.jspecify.annotations.NullMarked;
