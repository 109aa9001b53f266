/** Tests of the whole, and of what must agree across modules. */
@NullMarked
package dev.tern.system;

import org.jspecify.annotations.NullMarked;
