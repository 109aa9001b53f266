/** One bandwidth for all migrations that run, divided anew whenever one begins or ends. */
@NullMarked
package dev.tern.conductor.bandwidth;

import org.jspecify.annotations.NullMarked;
