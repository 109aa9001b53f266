/** Servers of a host that was fenced, made anew on others. */
@NullMarked
package dev.tern.api.evacuate;

import org.jspecify.annotations.NullMarked;
