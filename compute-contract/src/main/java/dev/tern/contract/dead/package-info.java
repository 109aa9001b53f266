/** Messages that nobody could handle. */
@NullMarked
package dev.tern.contract.dead;

import org.jspecify.annotations.NullMarked;
