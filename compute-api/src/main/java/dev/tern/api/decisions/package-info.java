/** Why servers are where they are: what schedulers decided. */
@NullMarked
package dev.tern.api.decisions;

import org.jspecify.annotations.NullMarked;
