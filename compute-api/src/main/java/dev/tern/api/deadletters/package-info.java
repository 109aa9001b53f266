/**
 * Messages that nobody could handle: they are taken from the broker's dead queue into the database,
 * shown to administrators, and sent again or discarded by them.
 */
@NullMarked
package dev.tern.api.deadletters;

import org.jspecify.annotations.NullMarked;
