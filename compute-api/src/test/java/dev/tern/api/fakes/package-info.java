/**
 * Stores that live in memory and refuse what the real ones refuse; a test moves them on as a
 * conductor would.
 */
@NullMarked
package dev.tern.api.fakes;

import org.jspecify.annotations.NullMarked;
