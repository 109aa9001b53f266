/** What a migration would do, and what is in its way, before it is asked for. */
@NullMarked
package dev.tern.api.preflight;

import org.jspecify.annotations.NullMarked;
