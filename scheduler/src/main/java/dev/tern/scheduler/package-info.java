/**
 * Chooses hosts. A question names a server, what it takes and, for a migration, what its guest
 * needs; every host goes through the same {@linkplain dev.tern.scheduler.filter filters}, the
 * emptiest that passes is claimed in the database, and who asked is told the host, or every host
 * with its reason.
 *
 * <pre>
 * question -> claim stands already? -> that host
 *          -> filters -> by weight -> claim -> lost the race? -> the next by weight -> ... -> no host
 * </pre>
 *
 * <p>A scheduler keeps nothing between two questions, so any number of them may run: what is taken
 * is known to the database alone.
 */
@NullMarked
package dev.tern.scheduler;

import org.jspecify.annotations.NullMarked;
