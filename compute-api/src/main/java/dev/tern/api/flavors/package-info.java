/** Flavors. */
@NullMarked
package dev.tern.api.flavors;

import org.jspecify.annotations.NullMarked;
