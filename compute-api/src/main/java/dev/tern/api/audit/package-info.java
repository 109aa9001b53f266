/** The database, the agents and their QEMUs compared now. It looks, and changes nothing. */
@NullMarked
package dev.tern.api.audit;

import org.jspecify.annotations.NullMarked;
